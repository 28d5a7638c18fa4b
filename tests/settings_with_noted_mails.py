"""Settings of a process whose mails are noted in the folder ``MAIL_NOTES`` instead of sent."""

from marketplace.settings import *  # noqa: F403

EMAIL_BACKEND = "tests.mail_notes.MailNotes"
