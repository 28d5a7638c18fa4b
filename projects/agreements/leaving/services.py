"""One side ends a contract by itself, as far as one side can: all of it in one step."""

from django.db import transaction

from accounts.parties.models import Party
from marketplace.common.clock import said
from marketplace.common.errors import WrongState
from marketplace.common.lifecycle import CLIENT
from marketplace.common.money import in_words
from marketplace.common.words import Money, Words
from payments.escrow.adjusting.services import lock_all
from payments.escrow.facts import facts_of_each
from projects.agreements.changes.services import overtake_what_waits
from projects.agreements.leaving.rules import Leaving, judged_leaving
from projects.agreements.proposals.services import drop_what_it_overtakes
from projects.agreements.services import close_if_finished
from projects.contracts.models import LIFECYCLE, Contract
from projects.contracts.roles import Actor, role_in
from projects.contracts.services import lock_contract, record, tell_other_side
from projects.milestones.models import Milestone
from projects.milestones.services import end_unpaid, lock_milestone


@transaction.atomic
def leave_contract(*, contract_id: int, by: Actor, seen: str) -> Contract:
    """End everything that is still to be worked on; what is held for it goes back to the client.

    The freelancer can at any time, and the record says whose lateness it was once the time to fund
    it is over; the client where each of them is late, was never started, or is not funded. What is
    submitted or disputed keeps its own course; where nothing of that is left, the contract has
    ended. Raises WrongState where one of them cannot be ended so, or where what
    would end is not what was ``seen`` (its ``Leaving.tag``): then none is.
    """
    milestones = [lock_milestone(pk) for pk in _still_open(contract_id)]
    contract = lock_contract(contract_id)
    role = role_in(contract, by)
    LIFECYCLE.judge(contract, "leave", role=role)
    if _still_open(contract_id) != [one.pk for one in milestones]:
        raise _changed_meanwhile()
    escrows = lock_all(one.escrow_id for one in milestones)
    for one in milestones:
        one.escrow = escrows[one.escrow_id]
    milestones.sort(key=lambda one: one.place)
    leaving = judged_leaving(milestones, facts_of_each(escrows.values()), role or "")
    if leaving.tag != seen:
        raise _changed_meanwhile()
    for ended in leaving.ended:
        end_unpaid(milestone_id=ended.milestone.pk, by=by, step=ended.ground)
        drop_what_it_overtakes(ended.milestone.pk)

    record(contract, "contract_left", by=by, terms=_in_words(leaving, contract))
    who = contract.client if role == CLIENT else contract.freelancer
    text = _told(leaving, contract, who)
    if leaving.is_unfunded:
        text += Words("Nothing is held, so no money moves.")
    if leaving.left:
        text += Words("What is submitted or disputed keeps its own course.")
    tell_other_side(contract, "contract_left", text, by=by)
    contract = close_if_finished(contract)
    overtake_what_waits(contract, who=who.name)
    return contract


def _still_open(contract_id: int) -> list[int]:
    found = Milestone.objects.filter(contract=contract_id, closed_at=None)
    return list(found.order_by("pk").values_list("pk", flat=True))


def _changed_meanwhile() -> WrongState:
    return WrongState(
        "What you would end has changed since you read it. Read it again before you end it.",
        code="changed_meanwhile",
    )


def _told(leaving: Leaving, contract: Contract, who: Party) -> Words:
    if leaving.is_unfunded:
        assert contract.funding_due_at
        return Words.counted(
            "%(who)s has ended “%(title)s”: %(count)s milestone is cancelled, since nothing was "
            "funded by %(due)s.",
            "%(who)s has ended “%(title)s”: %(count)s milestones are cancelled, since nothing was "
            "funded by %(due)s.",
            count=len(leaving.ended),
            who=who.name,
            title=contract.title,
            due=contract.funding_due_at,
        )
    if not leaving.returned:
        return Words.counted(
            "%(who)s has ended “%(title)s”: %(count)s milestone is cancelled.",
            "%(who)s has ended “%(title)s”: %(count)s milestones are cancelled.",
            count=len(leaving.ended),
            who=who.name,
            title=contract.title,
        )
    return Words.counted(
        "%(who)s has ended “%(title)s”: %(count)s milestone is cancelled, %(back)s goes back to "
        "the client.",
        "%(who)s has ended “%(title)s”: %(count)s milestones are cancelled, %(back)s goes back to "
        "the client.",
        count=len(leaving.ended),
        who=who.name,
        title=contract.title,
        back=Money(leaving.returned, contract.currency),
    )


def _in_words(leaving: Leaving, contract: Contract) -> str:
    many = len(leaving.ended)
    words = "1 milestone is cancelled" if many == 1 else f"{many} milestones are cancelled"
    if leaving.is_unfunded:
        assert contract.funding_due_at
        return f"{words}, since nothing was funded by {said(contract.funding_due_at)}"
    back = in_words(leaving.returned, contract.currency)
    return f"{words}, {back} goes back to the client" if leaving.returned else words
