"""The tables of this floor live in its rooms; Django looks for them here."""

from accounts.access.calendar.models import CalendarFeed
from accounts.access.models import ApiToken
from accounts.holds.models import Hold, HoldFile
from accounts.notifications.digests.models import Digest
from accounts.notifications.models import Notification, OutgoingMail
from accounts.notifications.preferences.models import MailPreferences
from accounts.parties.models import Membership, Party
from accounts.people.filters.models import SavedFilter
from accounts.people.models import User

__all__ = [
    "ApiToken",
    "CalendarFeed",
    "Digest",
    "Hold",
    "HoldFile",
    "MailPreferences",
    "Membership",
    "Notification",
    "OutgoingMail",
    "Party",
    "SavedFilter",
    "User",
]
