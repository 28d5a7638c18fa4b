"""A client who has not chosen yet is reminded before it is too late to."""

from django.db import transaction

from accounts.notifications.services import notify
from marketplace.common.clock import now
from marketplace.common.words import Words
from projects.bids.choosing.rules import AHEAD, key_of_reminder, why_reminder_has_gone
from projects.postings.models import Posting
from projects.postings.services import lock_posting


@transaction.atomic
def remind_of_choice(*, posting_id: int) -> Posting:
    """Tell its client once that the time to choose ends, with bids that can still be chosen. Safe
    to call too early, too late or again.
    """
    posting = lock_posting(posting_id)
    choose_by = posting.choose_by
    if choose_by is None or choose_by > now() + AHEAD or choose_by == posting.choice_told_for:
        return posting
    key = key_of_reminder(posting, choose_by)
    if why_reminder_has_gone(posting, key):
        return posting
    posting.choice_told_for = choose_by
    posting.save(update_fields=["choice_told_for"])
    notify(
        to=posting.client,
        kind="choice_ends",
        text=Words(
            "Your time to choose a bid on “%(title)s” ends on %(until)s. What still stands then is "
            "given back, and the posting ends.",
            title=posting.title,
            until=choose_by,
        ),
        path=posting.path,
        key=key,
        about=posting.public_id,
        title=posting.title,
    )
    return posting
