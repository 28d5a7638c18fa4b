"""How people play a dispute: opened by one side, and ended in each of the ways there are."""

from collections.abc import Callable, Generator

from projects.management.simulation.banks import (
    CARDS_OF_BANKS,
    CARDS_OF_KEEPERS,
    give_up,
    keep,
    take_back,
)
from projects.management.simulation.cases import Case
from projects.management.simulation.lives import Life, Waiting

# Rounds after which a letter of the provider's is waited for no longer.
_LETTERS_TAKE = 12


def disputing(life: Life, milestone: str) -> Waiting:
    """One dispute after the other ends in another way, so that a few contracts play them all."""
    position = life.client.get(f"milestones/{milestone}/")["position"]
    yield from _dispute(life, milestone, list(ENDS)[(life.number + position) % len(ENDS)])


def disputing_much(life: Life, milestone: str) -> Waiting:
    """More is held than one mediator divides alone: whoever decides needs a second one, also on
    appeal.
    """
    position = life.client.get(f"milestones/{milestone}/")["position"]
    much = ("accepted", "appealed")
    yield from _dispute(life, milestone, much[(life.number + position) % len(much)])


def disputing_in_vain(life: Life, milestone: str) -> Waiting:
    """This freelancer's money the provider holds for some days only, in which nobody decides."""
    yield from _dispute(life, milestone, "at the limit")


def _dispute(life: Life, milestone: str, name: str) -> Waiting:
    cards = _CARDS.get(name, ("",))
    yield from life.fund(milestone, card=cards[life.number % len(cards)])
    shown = life.client.get(f"milestones/{milestone}/")
    opener, other = life.client, life.freelancer
    # Where the payment was told of late, the limit may be there before the work or the dispute is.
    fine = 409 if name in _AT_THE_LIMIT else 0
    if name in _NOT_DELIVERED:
        yield from life.until(milestone, lambda it: "cancel_late" in it["next_steps"])
        # Else the last word would be the other side's, and no row decides about who waits for one.
        opener.post(f"contracts/{life.contract}/messages/", {"text": "Where is it?"})
        why: dict[str, object] = {"reason": "not_delivered"}
    else:
        life.submit(milestone, fine=fine)
        yield
        why = {"reason": "not_as_agreed", "not_met": [1]}
        if life.random.random() < 0.3:
            opener, other = other, opener
    words = {"statement": "This is not what we agreed on.", "asked_for": shown["amount"] // 3}
    opened = opener.post(f"milestones/{milestone}/disputes/", why | words, fine=fine)
    if opened is None:
        return
    life.disputes.append(opened["id"])
    yield
    yield from (ENDS | _AT_THE_LIMIT)[name](
        Case(life, opened["id"], milestone, shown["amount"], opener, other)
    )


def _approved(case: Case) -> Waiting:
    """The ordinary approval goes on working."""
    case.life.client.post(f"milestones/{case.milestone}/release/")
    yield


def _given_back(case: Case) -> Waiting:
    """And so does giving everything back."""
    case.life.freelancer.post(f"milestones/{case.milestone}/cancel/", {"ground": "cancel"})
    yield


def _agreed(case: Case) -> Waiting:
    """Both divide it between themselves."""
    case.answer()
    terms = {"to_freelancer": case.price // 4, "note": "Let us end it here."}
    proposal = case.other.post(f"milestones/{case.milestone}/proposals/", terms)["id"]
    case.opener.post(f"proposals/{proposal}/accept/")
    yield


def _settled(case: Case) -> Waiting:
    """Both seal a figure, at first too far apart."""
    case.answer()
    case.seal(case.life.client, case.price // 5)
    case.seal(case.life.freelancer, case.price // 2)
    yield
    case.seal(case.life.client, case.price // 2)


def _by_rule(case: Case) -> Waiting:
    """Nobody answers, and the published table says what comes of it; or else a mediator does."""
    yield from case.decide()


def _rule_appealed(case: Case) -> Waiting:
    """Who was silent appeals against what the table says."""
    yield from _decided_twice(case)


def _accepted(case: Case) -> Waiting:
    """Both accept what is decided: the money moves at once."""
    case.answer()
    case.ask_mediator()
    yield from case.decide()
    for side in (case.opener, case.other):
        case.post(side, "acceptance")


def _standing(case: Case) -> Waiting:
    """Nobody asks for a mediator, and nobody appeals: all of it comes by its clock."""
    case.answer()
    yield from case.decide()


def _appealed(case: Case) -> Waiting:
    case.answer()
    case.ask_mediator()
    yield from _decided_twice(case)


def _decided_twice(case: Case) -> Waiting:
    yield from case.decide()
    if case.post(case.other, "appeals", {"statement": "More of it is done."}):
        case.post(case.opener, "statements", {"statement": "It is not."})
        yield from case.decide_again()


def _appealed_in_vain(case: Case) -> Waiting:
    """No other mediator has time: the first decision stands."""
    case.answer()
    case.ask_mediator()
    yield from case.decide()
    case.post(case.opener, "appeals", {"statement": "Less of it is done."})


def _approved_after_a_decision(case: Case) -> Waiting:
    """The ordinary approval goes on working while a decision stands."""
    case.answer()
    case.ask_mediator()
    yield from case.decide()
    case.life.client.post(f"milestones/{case.milestone}/release/", fine=409)


def _settled_after_an_appeal(case: Case) -> Waiting:
    """Both seal the same figure before another mediator decides."""
    case.answer()
    case.ask_mediator()
    yield from case.decide()
    case.post(case.opener, "appeals", {"statement": "Less of it is done."})
    for side in (case.opener, case.other):
        case.seal(side, case.price // 2)


def _overdue(case: Case) -> Waiting:
    """Nobody decides in time: the house owns up to it, and a mediator decides after all."""
    case.answer()
    case.ask_mediator()
    while case.seen_by(case.opener)["status"] == "under_review":
        if case.seen_by(case.opener)["ruling_missed_at"]:
            break
        yield
    yield from case.decide()


def _at_the_limit(case: Case) -> Waiting:
    """Nobody decides before the provider's limit: all of it goes back."""
    case.answer()
    case.ask_mediator()
    yield from case.life.until(case.milestone, lambda it: it["status"] == "refunded")


def _at_a_bank(case: Case) -> Waiting:
    """While a mediator has it, the client's bank takes the money back: nobody decides until the
    bank has given it up.
    """
    demand = yield from _taken_back(case)
    give_up(case.life.client.instance, demand)
    yield from case.decide()


def _kept_by_a_bank(case: Case) -> Waiting:
    """It takes half of the money meanwhile, and keeps it: what is left is divided."""
    demand = yield from _taken_back(case, of_it=2)
    keep(case.life.client.instance, demand)
    yield from case.decide()


def _taken_back(case: Case, *, of_it: int = 1) -> Generator[None, None, str]:
    """While a mediator has it; the bank's demand, once the house knows of it."""
    life = case.life
    case.answer()
    case.ask_mediator()
    demand = take_back(life.client.instance, life.pages[case.milestone], of_it=of_it)
    for _ in range(_LETTERS_TAKE):
        yield
        money = life.client.get(f"milestones/{case.milestone}/")["money"]
        if money["charged_back"] and "decide" not in case.seen_by(life.mediators[0])["next_steps"]:
            life.met["waited for a bank"] += 1
            break
    return demand


ENDS: dict[str, Callable[[Case], Waiting]] = {
    "approved": _approved,
    "given back": _given_back,
    "agreed": _agreed,
    "settled": _settled,
    "by rule": _by_rule,
    "rule appealed": _rule_appealed,
    "accepted": _accepted,
    "standing": _standing,
    "appealed": _appealed,
    "appealed in vain": _appealed_in_vain,
    "approved after a decision": _approved_after_a_decision,
    "settled after an appeal": _settled_after_an_appeal,
    "overdue": _overdue,
    "at a bank": _at_a_bank,
    "kept by a bank": _kept_by_a_bank,
}
# Of whom the limit is near; for everybody else it would take a quarter of a year.
_AT_THE_LIMIT: dict[str, Callable[[Case], Waiting]] = {"at the limit": _at_the_limit}
_NOT_DELIVERED = {"by rule", "rule appealed"}
_CARDS = {"at a bank": CARDS_OF_BANKS, "kept by a bank": CARDS_OF_KEEPERS}
