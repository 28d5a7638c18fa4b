"""Who may have which bundle, and how large it is."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from django.db.models import Q, QuerySet, Sum

from marketplace.common.errors import InvalidInput
from marketplace.common.models import StoredFile
from payments.statements.earlier import scope_until
from payments.statements.models import Scope
from projects.agreements.selectors import case_files
from projects.contracts.models import Agreement, Event
from projects.contracts.selectors import timeline_of
from projects.contracts.statements import scope_of_contract
from projects.disputes.exhibits.selectors import exhibits_on
from projects.disputes.models import Dispute
from projects.messages.selectors import files_sent_on


def staff_may_read_messages(dispute: Dispute) -> bool:
    """What people say to each other is read for a decision, and no longer."""
    return dispute.is_open


def read_until(dispute: Dispute) -> datetime | None:
    """Up to when whoever decides it reads what both sides propose to each other: its end, from the
    moment that its milestone ends. None while it is open.
    """
    return None if dispute.is_open else dispute.closed_at or dispute.milestone.closed_at


def agreements_until(dispute: Dispute, until: datetime | None) -> QuerySet[Agreement]:
    """Every version of what both sides have signed, the oldest first; ``until`` then, where it is
    read up to its end alone. What ended it was signed before that, and written down after.
    """
    found = dispute.milestone.contract.agreements.select_related(
        "seal", "client_signer", "freelancer_signer"
    ).order_by("version")
    if until is None:
        return found
    return found.exclude(Q(signed_by_client_at__gt=until) | Q(signed_by_freelancer_at__gt=until))


def agreement_for_staff(dispute: Dispute) -> Agreement:
    """The wording in force, or that of its end: what whoever decides it reads."""
    found = agreements_until(dispute, read_until(dispute)).last()
    assert found is not None, "what is disputed was signed"
    return found


def timeline_until(
    dispute: Dispute, until: datetime | None, *, own: Iterable[str] = ()
) -> QuerySet[Event]:
    """What happened on its contract, the oldest first; ``until`` as above. What happened to it, to
    its milestone, or to ``own`` of its record (by their public ids) is always there: the lines of
    its end are written a moment after that.
    """
    found = timeline_of(dispute.milestone.contract)
    if until is None:
        return found
    always = [dispute.public_id, dispute.milestone.public_id, *own]
    return found.filter(Q(created_at__lte=until) | Q(about__in=always))


def money_until(
    dispute: Dispute, until: datetime | None, *, agreement: Agreement, as_of: datetime
) -> Scope:
    """The statement of its contract under that ``agreement``: whole, of the moment of the record;
    or ``until`` as above, of then.
    """
    milestone = dispute.milestone
    whole = scope_of_contract(milestone.contract, agreement=agreement)
    if until is None:
        return replace(whole, made_at=as_of)
    return scope_until(whole, until, ended=milestone.escrow)


def is_redacted(asked: str | None) -> bool:
    """Whether ``redacted`` asks for the copy that may be shown to outsiders.

    Raises InvalidInput for what is neither yes nor no: a guess would hand out the whole record.
    """
    if asked in (None, "", "0", "false"):
        return False
    if asked in ("1", "true"):
        return True
    raise InvalidInput("redacted is 1 or 0.", param="redacted")


def files_for(dispute: Dispute, *, agreement: Agreement | None = None) -> QuerySet[StoredFile]:
    """What whoever decides it may fetch: what was delivered, what the posting and the bid
    came with as they were signed, and what both sides have put on record. ``agreement`` where the
    caller has the wording in force at hand.
    """
    exhibited = exhibits_on(dispute).order_by().values("stored")
    signed = case_files(dispute.milestone, agreement=agreement)
    return signed | StoredFile.objects.filter(pk__in=exhibited)


def bytes_of_files(
    dispute: Dispute, *, with_messages: bool, agreement: Agreement | None = None
) -> int:
    """How much there is in the files of its bundle: all but a few hundred kilobytes of it.
    ``agreement`` as above.
    """
    size = files_for(dispute, agreement=agreement).aggregate(size=Sum("size"))["size"] or 0
    if with_messages:
        sent = files_sent_on(dispute.milestone.contract.bid)
        size += sent.aggregate(size=Sum("stored__size"))["size"] or 0
    return size
