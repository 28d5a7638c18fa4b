"""How long a mail is tried, and who may have it tried again."""

from collections.abc import Set
from datetime import timedelta

from accounts.notifications.models import Notification
from marketplace.common.lifecycle import FINANCE, MEDIATOR, MODERATOR

# How long to wait after each attempt at a mail; after the last one it is given up.
PATIENCE = [timedelta(minutes=m) for m in (2, 10, 60, 6 * 60, 24 * 60)]
# By hand, each with all of that patience again.
MOST_RETRIES = 3
UNSEEN = "No attempt was seen to its end."


def may_retry(roles: Set[str]) -> str | None:
    """As what somebody with these roles of the staff may have a mail tried again, if at all."""
    return next((role for role in (MODERATOR, MEDIATOR, FINANCE) if role in roles), None)


def why_no_retry(notice: Notification) -> str:
    """The sentence that refuses another try by hand; '' where one is possible."""
    if notice.mailed_at is not None:
        return "This mail has left."
    if notice.mail_due_at is not None:
        return "This mail is still tried by itself."
    if not notice.mail_failure:
        return f"This mail has not failed. {notice.mail_called_off}".strip()
    if not notice.recipient.is_active:
        return f"{notice.recipient.name} has left."
    if notice.mail_retries >= MOST_RETRIES:
        return f"This mail was tried again {MOST_RETRIES} times. Its reader sees it in the house."
    return ""
