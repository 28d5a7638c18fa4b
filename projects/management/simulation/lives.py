"""The life of one contract, from posting to its end, as its people would play it.

A life is a generator: it acts until it has to wait, then yields; each round of the simulation lets
every life go on once, and moves the clock in between.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from random import Random
from typing import Any

from projects.management.simulation.http import BAD_CARDS, GOOD_CARD, SECURE_CARD, Person, pay
from projects.management.simulation.works import DELIVERY

Waiting = Iterator[None]

ENDED = {"completed", "cancelled", "declined", "withdrawn", "lapsed"}
# What a milestone costs, in minor units; of what is dear, more is held than one mediator divides.
USUAL, DEAR = (2_000, 90_000), (510_000, 900_000)


@dataclass
class Life:
    """One contract to be: who plays it, and what has become of it so far.

    ``acts`` plays one milestone (``manners.py``), named by its id; ``manner`` is its name.
    ``prices`` are the least and the most of one, in minor units. ``pages`` are the pay pages, and
    ``disputes`` the ids, that there were; ``met`` counts what happened on the way. ``code`` is the
    security code of the client's cards.
    """

    number: int
    random: Random
    client: Person
    freelancer: Person
    other_freelancer: Person
    mediators: list[Person]
    work: dict[str, Any]
    manner: str
    acts: Callable[["Life", str], Waiting]
    present: Callable[[], datetime]
    outcome: str = ""
    problem: str = ""
    prices: tuple[int, int] = USUAL
    cards_declined: int = 0
    code: str = ""
    contract: str = ""
    pages: dict[str, str] = field(default_factory=dict)
    disputes: list[str] = field(default_factory=list)
    met: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self.code = self.code or f"{self.number:04}"

    # --- From posting to contract ----------------------------------------------------------------

    def play(self) -> Waiting:
        """The whole life. What ends it early raises Surprise."""
        posting = self._post()
        if self.manner == "two awards":
            yield from self._side_by_side(posting)
        else:
            yield from self._play_on(posting)

    def _side_by_side(self, posting: str) -> Waiting:
        """Two are chosen for it, and each has a contract of their own."""
        second = replace(
            self,
            random=Random(f"{self.random.random()}"),
            freelancer=self.other_freelancer,
            pages={},
            disputes=[],
        )
        under_way = [self._play_on(posting), second._play_on(posting)]
        while under_way:
            # Each goes on once; next is given what to say where it has ended.
            under_way = [one for one in under_way if next(one, "ended") is None]
            yield
        self.cards_declined += second.cards_declined
        if self.client.get(f"postings/{posting}/")["awards_made"] == 2:
            self.met["two awards made"] += 1

    def _play_on(self, posting: str) -> Waiting:
        bid = self._bid(posting)
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
        amounts = [self.random.randint(*self.prices) for _ in range(parts)]
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

    def fund(self, milestone: str, *, card: str = "") -> Waiting:
        """Pay for it, now and then with a bad card first, and wait until all of it is held. Where
        the money goes back, since a bank has won against the card, another one pays.
        """
        while self._misses_money(milestone):
            payment = self.client.post(f"milestones/{milestone}/fund/")["payment"]
            self.pages[milestone] = payment["url"]
            cards = [card or self.random.choice((GOOD_CARD, GOOD_CARD, SECURE_CARD))]
            if self.random.random() < 0.25:
                cards.insert(0, self.random.choice(BAD_CARDS))
                self.cards_declined += 1
            if pay(self.client.instance, payment["url"], cards, code=self.code):
                self.client.instance.keep(paid=payment["id"], amount=payment["amount"])
            while self._misses_money(milestone) and not self._went_back(payment["id"]):
                yield

    def _misses_money(self, milestone: str) -> bool:
        return self.client.get(f"milestones/{milestone}/")["money"]["to_fund"] > 0

    def _went_back(self, payment: str) -> bool:
        if self.client.get(f"payments/{payment}/")["status"] != "refunded":
            return False
        self.met["card refused"] += 1
        self.code = str(self.random.randint(1000, 9999))
        return True

    def submit(self, milestone: str, *, fine: int = 0) -> Any:
        """The answer; None where it was refused as is ``fine``."""
        note = f"Done as agreed: version {self.random.randint(1, 99)}."
        path = f"milestones/{milestone}/submissions/"
        return self.freelancer.post(path, DELIVERY | {"note": note}, fine=fine)

    def until(self, milestone: str, is_so: Callable[[dict[str, Any]], bool]) -> Waiting:
        while not is_so(self.client.get(f"milestones/{milestone}/")):
            yield

    def _until_ended(self) -> Waiting:
        while (status := self._contract_status()) not in ENDED:
            yield
        self.outcome = status

    def _contract_status(self) -> str:
        return self.client.get(f"contracts/{self.contract}/")["status"]
