"""A confidential part of a posting: set by its owner, accepted by whoever wants to read it."""

from django.db import transaction

from accounts.notifications.services import News, notify_each
from accounts.parties.models import Party
from accounts.parties.selectors import acts_for
from accounts.people.models import User
from marketplace.common.clock import now
from marketplace.common.errors import InvalidInput, NotAllowed, NotThere, WrongState
from marketplace.common.text import checked_text
from marketplace.common.words import Words
from projects.confidentiality.models import Acceptance, ConfidentialPart, hash_of
from projects.confidentiality.selectors import acceptance_by, may_accept, part_of
from projects.postings import services as postings
from projects.postings.models import LIFECYCLE, Posting
from projects.postings.roles import Actor, role_in
from projects.postings.selectors import postings_visible_to

LONGEST_TEXT = 10_000
LONGEST_DETAILS = 20_000

_ASKED = Words(
    "“%(title)s” asks for confidentiality now. Your bid stands; accept its text to read the "
    "details."
)
_ASKED_ANEW = Words(
    "“%(title)s” asks for confidentiality in other words now. Your bid stands; accept them to read "
    "the details."
)


@transaction.atomic
def set_confidentiality(
    *, posting_id: int, text: str, details: str, by: Actor
) -> ConfidentialPart | None:
    """Whoever wants the details (Markdown), the files and the questions accepts the text first.

    An empty text lifts the gate, which takes empty details. The same again changes nothing; another
    text is asked for again, and those whose bids stand are told. Raises InvalidInput.
    """
    posting = postings.lock_posting(posting_id)
    LIFECYCLE.judge(posting, "edit", role=role_in(posting, by))
    text = checked_text(text, param="text", longest=LONGEST_TEXT)
    details = checked_text(details, param="details", longest=LONGEST_DETAILS)
    if details and not text:
        raise InvalidInput(
            "Say what has to be accepted: without it everybody would read the details.",
            param="text",
        )
    part = part_of(posting)
    if (part.text, part.details) == (text, details) if part else not text:
        return part
    postings.note_edit(posting)
    if not text:
        ConfidentialPart.objects.filter(posting=posting).delete()
        return None
    news = _ASKED if part is None else _ASKED_ANEW if part.text != text else None
    part_is_new = part is None
    part = part or ConfidentialPart(posting=posting)
    part.text, part.text_sha256, part.details = text, hash_of(text), details
    if news:
        part.worded_at = now()
    part.save()
    if news:
        _tell_bidders(posting, news, is_first=part_is_new)
    return part


@transaction.atomic
def accept_confidentiality(
    *, posting_id: int, sha256: str, confirmed_with: str, by: User
) -> Acceptance:
    """Promise it, once for each text; the second time the first promise is returned.

    ``sha256`` is that of the text which they had before their eyes, ``confirmed_with`` how they
    showed that it was they (accounts.access.confirming). Raises NotAllowed for the client's own,
    and WrongState where nothing is to be accepted (any more), or another text.
    """
    posting = postings.lock_posting(posting_id)
    if not postings_visible_to(by).filter(pk=posting.pk).exists():
        raise NotThere("There is no such posting.")
    if acts_for(by, posting.client_id):
        raise NotAllowed("It is your own text: others accept it.")
    part = part_of(posting)
    if part is None:
        raise WrongState("Nothing about this posting is confidential.")
    if sha256 != part.text_sha256:
        raise WrongState(
            "The text was changed after you opened it. Read it again first.",
            code="changed_meanwhile",
        )
    if accepted := acceptance_by(posting, by, sha256):
        return accepted
    if not may_accept(posting, by):
        raise WrongState("This posting is not open any more: its details are shown to nobody else.")
    return Acceptance.objects.create(
        posting=posting,
        person=by,
        text=part.text,
        text_sha256=part.text_sha256,
        confirmed_with=confirmed_with,
    )


def _tell_bidders(posting: Posting, news: Words, *, is_first: bool) -> None:
    """Their bids stand; to read the details, and the questions, they accept the text. Whoever is
    offered a contract, or has one, is asked once: by the first.
    """
    asked = ["submitted", "shortlisted", *(["offered", "accepted"] if is_first else [])]
    bids = posting.bids.filter(status__in=asked)
    notify_each(
        [
            News(
                to=party,
                kind="confidentiality_asked",
                text=news.filled(title=posting.title),
                path=f"{posting.path}confidentiality/",
            )
            for party in Party.objects.filter(pk__in=bids.values("freelancer")).order_by("pk")
        ]
    )
