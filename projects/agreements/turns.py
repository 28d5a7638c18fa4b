"""Whose turn it is: the one thing that one side of a contract should do next."""

from collections.abc import Callable
from functools import partial

from marketplace.common.lifecycle import CLIENT, FREELANCER
from marketplace.common.money import in_words
from projects.agreements.outlook import Prospects
from projects.agreements.turn import Turn
from projects.agreements.turns_at_work import (
    await_bank,
    end_unfunded,
    finish_bonus,
    finish_payment,
    fund,
    make_changes,
    review,
    wait_for_funds,
    wait_for_review,
    wait_for_work,
    work,
)
from projects.agreements.turns_to_answer import (
    answer_change,
    answer_dispute,
    answer_giveback,
    answer_proposal,
    await_change,
    await_dispute,
    await_proposal,
)
from projects.contracts.models import Contract


def turn_of(prospects: Prospects, role: str) -> Turn:
    """What this side should do next, or what it waits for."""
    contract = prospects.contract
    if contract.status == Contract.Status.OFFERED:
        return _offer_turn(contract, role)
    is_active = contract.status == Contract.Status.ACTIVE
    for judge in _TURNS[role] if is_active else _AFTERWARDS[role]:
        if turn := judge(prospects):
            return turn
    if is_active:
        return Turn("Every milestone has ended", "The contract closes by itself.", waits=True)
    return _ended_turn(prospects, role)


def _offer_turn(contract: Contract, role: str) -> Turn:
    if contract.stands_still:
        return Turn(
            "The offer stands still",
            "The posting is suspended: nobody can accept it. Once it is restored, there is as much "
            "longer to answer as it was suspended.",
            waits=True,
            step="withdraw" if role == CLIENT else "decline",
        )
    if role == CLIENT:
        return Turn(
            f"{contract.freelancer.name} has your offer",
            "It lapses if it is not answered. You can withdraw it while it waits.",
            waits=True,
            when="Lapses",
            at=contract.offer_lapses_at,
            step="withdraw",
        )
    return Turn(
        "Answer the offer",
        f"{contract.client.name} has signed. Accepting signs the agreement for you.",
        when="Answer by",
        at=contract.offer_lapses_at,
        step="accept",
    )


def _ended_turn(prospects: Prospects, role: str) -> Turn:
    contract = prospects.contract
    if contract.status == Contract.Status.COMPLETED:
        total, currency = prospects.total, contract.currency
        text = (
            f"You paid {in_words(total.spent, currency)} in all."
            if role == CLIENT
            else f"You earned {in_words(total.received, currency)} after fees."
        )
        return Turn("This contract is completed", text, waits=True)
    text = {
        Contract.Status.CANCELLED: "Every milestone was cancelled; what was held went back.",
        Contract.Status.DECLINED: f"{contract.freelancer.name} declined the offer.",
        Contract.Status.WITHDRAWN: f"{contract.client.name} withdrew the offer.",
        Contract.Status.LAPSED: "The offer was not answered in time.",
    }[Contract.Status(contract.status)]
    return Turn(f"This contract is {contract.get_status_display().lower()}", text, waits=True)


def _each(judge: Callable[..., Turn | None], *role: str) -> Callable[[Prospects], Turn | None]:
    """The first milestone on which it is this turn."""

    def first(prospects: Prospects) -> Turn | None:
        turns = (judge(*role, prospect) for prospect in prospects.milestones)
        return next(filter(None, turns), None)

    return first


# The most urgent first: a word that the other side waits for goes before everything else, what is
# only waited for comes last.
_TURNS: dict[str, tuple[Callable[[Prospects], Turn | None], ...]] = {
    CLIENT: (
        _each(answer_proposal, CLIENT),
        partial(answer_change, CLIENT),
        _each(review),
        _each(answer_dispute, CLIENT),
        _each(finish_payment),
        finish_bonus,
        _each(await_proposal, CLIENT),
        partial(await_change, CLIENT),
        _each(await_dispute, CLIENT),
        partial(answer_giveback, CLIENT),
        _each(wait_for_work),
        _each(fund),
        _each(await_bank),
    ),
    FREELANCER: (
        _each(answer_proposal, FREELANCER),
        partial(answer_change, FREELANCER),
        partial(answer_giveback, FREELANCER),
        _each(make_changes),
        _each(work),
        _each(answer_dispute, FREELANCER),
        _each(await_proposal, FREELANCER),
        partial(await_change, FREELANCER),
        _each(await_dispute, FREELANCER),
        _each(wait_for_review),
        end_unfunded,
        _each(wait_for_funds),
    ),
}
# Of a contract that has ended.
_AFTERWARDS = {
    CLIENT: (finish_bonus, partial(answer_giveback, CLIENT)),
    FREELANCER: (partial(answer_giveback, FREELANCER),),
}
