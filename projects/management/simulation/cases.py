"""One dispute, as its two sides and those who decide it act on it."""

from dataclasses import dataclass
from typing import Any

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

    def seen_by(self, by: Person) -> dict[str, Any]:
        """The case, or one's own dispute, as it is now."""
        desk = "desk/" if by in self.life.mediators else ""
        shown: dict[str, Any] = by.get(f"{desk}disputes/{self.id}/")
        return shown

    def decide(self) -> Waiting:
        """Once both sides had their time to answer and to settle, unless a rule has decided it."""
        yield from self._decided_by(self.life.mediators[:2], until=_DECIDED)

    def decide_again(self) -> Waiting:
        """By those who had no hand in what is appealed against, unless their time is over."""
        yield from self._decided_by(self.life.mediators[2:], until={"closed"})

    def _decided_by(self, mediators: list[Person], *, until: set[str]) -> Waiting:
        (first, second), case = mediators, f"desk/disputes/{self.id}/"
        while (shown := first.get(case))["status"] not in until:
            if "decide" in shown["next_steps"]:
                first.post(f"{case}rulings/", self._ruling(len(shown["rulings"])), fine=409)
                self._confirm(second)
            yield

    def _confirm(self, second: Person) -> None:
        """Where so much is held that a decision waits for a second mediator: who returns the first
        one of all, and confirms the others.
        """
        written = second.get(f"desk/disputes/{self.id}/rulings/")["results"]
        for ruling in written:
            if ruling["status"] != "proposed":
                continue
            path, is_first = f"desk/rulings/{ruling['id']}/", len(written) == 1
            if not is_first:
                second.post(f"{path}confirm/", fine=409)
            elif second.post(f"{path}return/", {"why": "Say which criteria are met."}, fine=409):
                self.life.met["decision returned"] += 1

    def _ruling(self, before: int) -> dict[str, object]:
        """Nothing, a part or all of what is left of the price, each in its turn: a bank may have
        taken some of it. ``before`` are the decisions that there were.
        """
        left = self.life.client.get(f"milestones/{self.milestone}/")["money"]["price_held"]
        parts = (0, left // 3, left // 2, left)
        turn = self.life.number + 2 * len(self.life.disputes) + before
        return {
            "to_freelancer": parts[turn % len(parts)],
            "facts": "Half of the criteria are met.",
            "rule": "What was agreed.",
            "ground": "in_part",
            "reasons": "What is met is paid for.",
        }
