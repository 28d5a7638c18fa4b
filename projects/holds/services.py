"""Holds of every kind, where all that they touch is in sight."""

from collections.abc import Callable, Sequence
from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.db import transaction

from accounts.holds import services as holds
from accounts.holds.models import Hold
from accounts.notifications.services import News, notify_each
from accounts.parties.models import Party
from accounts.people.models import User
from marketplace.common.errors import InvalidInput
from marketplace.common.words import Words
from payments.payouts.holding.services import hold_payouts
from payments.payouts.holding.services import lift_hold as lift_payouts
from payments.policies.selectors import clocks_of_holds
from projects.agreements.suspending.services import restore_posting
from projects.contracts.models import Contract
from projects.contracts.selectors import page_of
from projects.holds.selectors import contracts_told_of, running_contracts_of
from projects.postings.models import Posting


def place_on(party: Party, *, kind: str, by: User, **asked: Any) -> Hold:
    """Suspend a person or hold a payee's payouts; takes ``reason``, ``evidence``, ``days``,
    ``links`` and ``files``. Raises NotAllowed, InvalidInput, TooLarge or WrongState.
    """
    if kind == Hold.Kind.PAYOUTS:
        return hold_payouts(party_id=party.pk, by=by, **asked)
    if kind != Hold.Kind.PERSON:  # a posting is suspended where it stands: on its page
        raise InvalidInput("Hold a person or payouts.", param="kind")
    return suspend_person(party_id=party.pk, by=by, **asked)


@transaction.atomic
def suspend_person(
    *,
    party_id: int,
    reason: str,
    evidence: str,
    days: int,
    by: User,
    links: Sequence[str] = (),
    files: Sequence[UploadedFile] = (),
) -> Hold:
    """Nothing new for them for so many days; what runs goes on, and the other sides are told.

    Raises NotAllowed, InvalidInput, TooLarge or WrongState.
    """
    person = User.objects.filter(memberships__party=party_id, parties__kind="person").first()
    if person is None:
        raise InvalidInput("Only a person can be suspended.", param="who")
    hold = holds.suspend_person(
        person_id=person.pk,
        reason=reason,
        evidence=evidence,
        links=links,
        files=files,
        days=days,
        clocks=clocks_of_holds(Hold.Kind.PERSON),
        by=by,
    )
    text = Words(
        "%(who)s is suspended from new business until %(until)s at the latest. “%(title)s” goes "
        "on: read what you can do."
    ).filled(who=hold.party.name, until=hold.ends_at)
    running = running_contracts_of(hold.party)
    notify_each([_news_of(hold, one, "side_suspended", text) for one in running])
    holds.log_placed(hold)
    return hold


@transaction.atomic
def free_person(*, hold_id: int, by: User | str, ruling: str = "") -> Hold:
    """They may begin anew, and whoever was told of the suspension is told that it is over.

    Raises NotAllowed or WrongState.
    """
    hold = holds.free_person(hold_id=hold_id, by=by, ruling=ruling)
    text = Words("%(who)s, the other side of “%(title)s”, is no longer suspended.")
    text = text.filled(who=hold.party.name)
    notify_each([_news_of(hold, one, "side_free", text) for one in contracts_told_of(hold)])
    holds.log_lifted(hold, by=by)
    return hold


def _news_of(hold: Hold, contract: Contract, kind: str, text: Words) -> News:
    """For the other side, who is not told why: that is between the suspended and the staff."""
    is_client = contract.client_id == hold.party_id
    return News(
        to=contract.freelancer if is_client else contract.client,
        kind=kind,
        text=text.filled(title=contract.title),
        path=page_of(contract),
        title=contract.title,
    )


def let_go(*, hold_id: int, by: User | str, ruling: str = "") -> Hold:
    """It is over, whatever it holds: by staff at any time, by the clock at its end, or where nobody
    has answered an appeal in time. Raises NotAllowed or WrongState.
    """
    kind = Hold.objects.values_list("kind", flat=True).get(pk=hold_id)
    return _LETS_GO[Hold.Kind(kind)](hold_id=hold_id, by=by, ruling=ruling)


def _restore(*, hold_id: int, by: User | str, ruling: str) -> Hold:
    subject = Hold.objects.values_list("subject", flat=True).get(pk=hold_id)
    posting_id = Posting.objects.values_list("pk", flat=True).get(public_id=subject)
    restore_posting(posting_id=posting_id, by=by, ruling=ruling)
    return Hold.objects.get(pk=hold_id)


_LETS_GO: dict[Hold.Kind, Callable[..., Hold]] = {
    Hold.Kind.PERSON: free_person,
    Hold.Kind.PAYOUTS: lift_payouts,
    Hold.Kind.POSTING: _restore,
}
