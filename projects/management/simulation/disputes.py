"""How people play a dispute: opened by one side, and ended in each of the ways there are."""

from collections.abc import Callable
from dataclasses import dataclass

from projects.management.simulation.http import Person
from projects.management.simulation.lives import Life, Waiting

# A mediator has nothing to do with it any more.
_DECIDED = {"decided", "closed"}


@dataclass(frozen=True)
class Case:
    """One dispute; ``price`` is its milestone's, in minor units."""

    life: Life
    id: str
    milestone: str
    price: int
    opener: Person
    other: Person

    def post(self, by: Person, deed: str, body: dict[str, object] | None = None) -> object:
        """A deed on it. Time may be over meanwhile: then the answer is None."""
        return by.post(f"disputes/{self.id}/{deed}/", body, fine=409)

    def answer(self) -> None:
        self.post(self.other, "answer", {"statement": "It is what we agreed on."})

    def ask_mediator(self) -> None:
        for side in (self.opener, self.other):
            self.post(side, "mediation")

    def seal(self, by: Person, amount: int) -> None:
        by.put(f"disputes/{self.id}/sealed-offers/", {"amount": amount}, fine=409)

    def decide(self) -> Waiting:
        """Once both sides had their time to answer and to settle, unless a rule has decided it."""
        case = f"desk/disputes/{self.id}/"
        while (shown := self.life.mediator.get(case))["status"] not in _DECIDED:
            if "decide" in shown["next_steps"]:
                self.life.mediator.post(f"{case}rulings/", self._ruling(), fine=409)
                self._confirm()
            yield

    def decide_again(self) -> None:
        """By the other one, unless they have confirmed what is appealed against."""
        hears, case = self.life.other_mediator, f"desk/disputes/{self.id}/"
        if "decide" in hears.get(case)["next_steps"]:
            hears.post(f"{case}rulings/", self._ruling(), fine=409)

    def _confirm(self) -> None:
        """Where so much is held that a decision waits for a second mediator."""
        second = self.life.other_mediator
        for ruling in second.get(f"desk/disputes/{self.id}/rulings/")["results"]:
            if ruling["status"] == "proposed":
                second.post(f"desk/rulings/{ruling['id']}/confirm/", fine=409)

    def _ruling(self) -> dict[str, object]:
        price = self.price
        return {
            "to_freelancer": self.life.random.choice((0, price // 3, price // 2, price)),
            "facts": "Half of the criteria are met.",
            "rule": "What was agreed.",
            "ground": "in_part",
            "reasons": "What is met is paid for.",
        }


def disputing(life: Life, milestone: str) -> Waiting:
    """One dispute after the other ends in another way, so that a few contracts play them all."""
    yield from life.fund(milestone)
    shown = life.client.get(f"milestones/{milestone}/")
    name = list(ENDS)[(life.number + shown["position"]) % len(ENDS)]
    opener, other = life.client, life.freelancer
    if name == "by rule":  # nothing is delivered in time
        yield from life.until(milestone, lambda it: "cancel_late" in it["next_steps"])
        why: dict[str, object] = {"reason": "not_delivered"}
    else:
        life.submit(milestone)
        yield
        why = {"reason": "not_as_agreed", "not_met": [1]}
        if life.random.random() < 0.3:
            opener, other = other, opener
    words = {"statement": "This is not what we agreed on.", "asked_for": shown["amount"] // 3}
    dispute = opener.post(f"milestones/{milestone}/disputes/", why | words)["id"]
    yield
    yield from ENDS[name](Case(life, dispute, milestone, shown["amount"], opener, other))


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
    yield from case.decide()
    if case.post(case.other, "appeals", {"statement": "More of it is done."}):
        case.post(case.opener, "statements", {"statement": "It is not."})
        case.decide_again()


def _appealed_in_vain(case: Case) -> Waiting:
    """No other mediator has time: the first decision stands."""
    case.answer()
    case.ask_mediator()
    yield from case.decide()
    case.post(case.opener, "appeals", {"statement": "Less of it is done."})


ENDS: dict[str, Callable[[Case], Waiting]] = {
    "approved": _approved,
    "given back": _given_back,
    "agreed": _agreed,
    "settled": _settled,
    "by rule": _by_rule,
    "accepted": _accepted,
    "standing": _standing,
    "appealed": _appealed,
    "appealed in vain": _appealed_in_vain,
}
