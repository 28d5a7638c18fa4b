"""The life of one contract, from posting to its end, as its people would play it.

A life is a generator: it acts until it has to wait, then yields; each round of the simulation lets
every life go on once, and moves the clock in between.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from typing import Any

from projects.management.simulation.http import BAD_CARDS, GOOD_CARD, SECURE_CARD, Person, pay
from projects.management.simulation.works import DELIVERY

Waiting = Iterator[None]

ENDED = {"completed", "cancelled", "declined", "withdrawn", "lapsed"}


@dataclass
class Life:
    """One contract to be: who plays it, and what has become of it so far.

    ``acts`` plays one milestone (``manners.py``), named by its id; ``manner`` is its name.
    """

    number: int
    random: Random
    client: Person
    freelancer: Person
    mediator: Person
    other_mediator: Person
    work: dict[str, Any]
    manner: str
    acts: Callable[["Life", str], Waiting]
    present: Callable[[], datetime]
    outcome: str = ""
    problem: str = ""
    cards_declined: int = 0
    contract: str = ""
    milestones: list[str] = field(default_factory=list)

    # --- From posting to contract ----------------------------------------------------------------

    def play(self) -> Waiting:
        """The whole life. What ends it early raises Surprise."""
        bid = self._bid(self._post())
        yield
        contract = self.client.sign(f"bids/{bid['id']}/award/", {"review_days": 7})
        self.contract = contract["id"]
        yield
        if self.manner == "offer declined":
            self.freelancer.post(f"contracts/{self.contract}/decline/", {"reason": "timing"})
        if self.manner in ("offer lapses", "offer declined"):
            yield from self._until_ended()
            return
        self.freelancer.sign(f"contracts/{self.contract}/accept/")
        for side, text in ((self.client, "When do you begin?"), (self.freelancer, "Today.")):
            side.post(f"contracts/{self.contract}/messages/", {"text": text})
        for milestone in self.client.get(f"contracts/{self.contract}/milestones/"):
            yield
            yield from self.acts(self, milestone["id"])
        yield from self._until_ended()

    def _post(self) -> str:
        posting = self.client.post("postings/", self.work)["id"]
        self.client.post(f"postings/{posting}/publish/")
        return posting

    def _bid(self, posting: str) -> dict[str, Any]:
        parts = self.random.randint(1, 3)
        amounts = [self.random.randint(2_000, 90_000) for _ in range(parts)]
        plan = [
            {
                "title": f"Part {n} of {parts}",
                "amount": amount,
                "days": 6 * n,
                "criteria": ["It does what the description says"],
            }
            for n, amount in enumerate(amounts, start=1)
        ]
        terms = {
            "price": sum(amounts),
            "days": 6 * parts,
            "letter": "I have done this before and can start at once.",
            "plan": plan,
            "valid_until": (self.present() + timedelta(days=30)).isoformat(),
        }
        return self.freelancer.post(f"postings/{posting}/bids/", terms)

    # --- Moves that several manners share ---------------------------------------------------------

    def fund(self, milestone: str) -> Waiting:
        """Pay for it, now and then with a bad card first, and wait until all of it is held."""
        payment = self.client.post(f"milestones/{milestone}/fund/")["payment"]
        cards = [self.random.choice((GOOD_CARD, GOOD_CARD, SECURE_CARD))]
        if self.random.random() < 0.25:
            cards.insert(0, self.random.choice(BAD_CARDS))
            self.cards_declined += 1
        if pay(self.client.instance, payment["url"], cards):
            self.client.instance.keep(paid=payment["id"])
        yield from self.until(milestone, lambda it: it["money"]["to_fund"] == 0)

    def submit(self, milestone: str) -> None:
        note = f"Done as agreed: version {self.random.randint(1, 99)}."
        self.freelancer.post(f"milestones/{milestone}/submissions/", DELIVERY | {"note": note})

    def until(self, milestone: str, is_so: Callable[[dict[str, Any]], bool]) -> Waiting:
        while not is_so(self.client.get(f"milestones/{milestone}/")):
            yield

    def _until_ended(self) -> Waiting:
        while (status := self._contract_status()) not in ENDED:
            yield
        self.outcome = status

    def _contract_status(self) -> str:
        return self.client.get(f"contracts/{self.contract}/")["status"]
