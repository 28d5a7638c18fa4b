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
from projects.management.simulation.works import CHANGES, DELIVERY

Waiting = Iterator[None]

ENDED = {"completed", "cancelled", "declined", "withdrawn", "lapsed"}


@dataclass
class Life:
    """One contract to be: who plays it, and what has become of it so far."""

    number: int
    random: Random
    client: Person
    freelancer: Person
    mediator: Person
    work: dict[str, Any]
    manner: str
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
        contract = self.client.post(f"bids/{bid['id']}/award/", {"review_days": 7})
        self.contract = contract["id"]
        yield
        if self.manner == "offer declined":
            self.freelancer.post(f"contracts/{self.contract}/decline/", {"reason": "No time now."})
        if self.manner in ("offer lapses", "offer declined"):
            yield from self._until_ended()
            return
        self.freelancer.post(f"contracts/{self.contract}/accept/")
        for side, text in ((self.client, "When do you begin?"), (self.freelancer, "Today.")):
            side.post(f"contracts/{self.contract}/messages/", {"text": text})
        for milestone in self.client.get(f"contracts/{self.contract}/milestones/"):
            yield
            yield from _MANNERS[self.manner](self, milestone["id"])
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


# --- Manners: how a milestone is played ----------------------------------------------------------


def approving(life: Life, milestone: str) -> Waiting:
    yield from life.fund(milestone)
    life.freelancer.post(f"milestones/{milestone}/start/")
    yield
    life.submit(milestone)
    yield
    life.client.post(f"milestones/{milestone}/release/")


def silent(life: Life, milestone: str) -> Waiting:
    """The client never answers: the review period approves."""
    yield from life.fund(milestone)
    life.submit(milestone)
    yield from life.until(milestone, lambda it: it["status"] == "released")


def asking_for_changes(life: Life, milestone: str) -> Waiting:
    yield from life.fund(milestone)
    for _ in range(life.random.randint(1, 2)):
        life.submit(milestone)
        yield
        life.client.post(f"milestones/{milestone}/return/", CHANGES)
        yield
    life.submit(milestone)
    yield
    life.client.post(f"milestones/{milestone}/release/")


def late(life: Life, milestone: str) -> Waiting:
    """Nothing is delivered; once the period of grace is over the client cancels."""
    yield from life.fund(milestone)
    life.freelancer.post(f"milestones/{milestone}/start/")
    yield from life.until(milestone, lambda it: "cancel_late" in it["next_steps"])
    life.client.post(f"milestones/{milestone}/cancel/", {"ground": "cancel_late"})


def disputing(life: Life, milestone: str) -> Waiting:
    yield from life.fund(milestone)
    life.submit(milestone)
    yield
    opener, other = life.client, life.freelancer
    if life.random.random() < 0.3:
        opener, other = other, opener
    price = life.client.get(f"milestones/{milestone}/")["amount"]
    dispute = opener.post(
        f"milestones/{milestone}/disputes/",
        {
            "reason": "not_as_agreed",
            "statement": "This is not what we agreed on.",
            "asked_for": price // 2,
        },
    )["id"]
    yield
    turn = life.random.random()
    if turn < 0.2:  # the ordinary approval goes on working, and ends the dispute
        life.client.post(f"milestones/{milestone}/release/")
        return
    if turn < 0.7:
        other.post(f"disputes/{dispute}/answer/", {"statement": "It is what we agreed on."})
    # Nobody decides before the other side was heard, or its time to answer is over.
    while "decide" not in life.mediator.get(f"desk/disputes/{dispute}/")["next_steps"]:
        yield
    to_freelancer = life.random.choice((0, price // 3, price // 2, price))
    life.mediator.post(
        f"desk/disputes/{dispute}/decide/",
        {"to_freelancer": to_freelancer, "ruling": "Half of the criteria are met."},
    )


def cancelling(life: Life, milestone: str) -> Waiting:
    """Either the client drops what was never funded, or the freelancer gives the money back."""
    if life.random.random() < 0.4:
        life.client.post(f"milestones/{milestone}/cancel/", {"ground": "drop"})
        return
    yield from life.fund(milestone)
    life.freelancer.post(f"milestones/{milestone}/cancel/", {"ground": "cancel"})


def ending_by_consent(life: Life, milestone: str) -> Waiting:
    """One side proposes to divide the price; the other accepts, or declines and it goes on."""
    yield from life.fund(milestone)
    if is_delivered := life.random.random() < 0.5:
        life.submit(milestone)
        yield
    price = life.client.get(f"milestones/{milestone}/")["amount"]
    proposer, other = life.client, life.freelancer
    if life.random.random() < 0.5:
        proposer, other = other, proposer
    part = life.random.choice((0, price // 4, price // 2))
    terms = {"to_freelancer": part, "note": "Let us end it here."}
    proposal = proposer.post(f"milestones/{milestone}/proposals/", terms)["id"]
    if life.random.random() < 0.6:
        other.post(f"proposals/{proposal}/accept/")
        return
    other.post(f"proposals/{proposal}/decline/")
    yield
    if not is_delivered:
        life.submit(milestone)
        yield
    life.client.post(f"milestones/{milestone}/release/")


def in_parts(life: Life, milestone: str) -> Waiting:
    """Half of it is released on the way, the rest in the end."""
    yield from life.fund(milestone)
    half = life.client.get(f"milestones/{milestone}/")["amount"] // 2
    life.client.post(f"milestones/{milestone}/release-part/", {"amount": half})
    life.submit(milestone)
    yield
    life.client.post(f"milestones/{milestone}/release/")


def moving_on(life: Life, milestone: str) -> Waiting:
    """A part is released and the rest goes into the next milestone; the last one is approved."""
    yield from life.fund(milestone)
    shown = life.client.get(f"milestones/{milestone}/")
    plan = life.client.get(f"contracts/{life.contract}/milestones/")
    later = [it["id"] for it in plan if it["position"] == shown["position"] + 1]
    if not later:
        life.submit(milestone)
        yield
        life.client.post(f"milestones/{milestone}/release/")
        return
    # In whole units the fee of the rest is the same wherever it is charged.
    rest = shown["amount"] // 2 // 100 * 100
    terms = {"to_freelancer": shown["amount"] - rest, "into": later[0]}
    made = life.freelancer.post(f"milestones/{milestone}/proposals/", terms)
    yield
    life.client.post(f"proposals/{made['id']}/accept/")


def with_a_bonus(life: Life, milestone: str) -> Waiting:
    """Approved, and a tenth on top, which is paid like everything else."""
    yield from approving(life, milestone)
    price = life.client.get(f"milestones/{milestone}/")["amount"]
    terms = {"amount": max(price // 10, 500), "note": "Thank you."}
    given = life.client.post(f"contracts/{life.contract}/bonuses/", terms)
    if pay(life.client.instance, given["payment"]["url"], [GOOD_CARD]):
        life.client.instance.keep(paid=given["payment"]["id"])
    yield


def giving_back(life: Life, milestone: str) -> Waiting:
    """Approved, and a quarter goes back; where time has leapt, it is too late for that."""
    yield from approving(life, milestone)
    can = life.client.get(f"contracts/{life.contract}/returnable/")[-1]
    part = {"of": can["of"], "amount": can["amount"] // 4}
    asked = life.client.post(f"contracts/{life.contract}/givebacks/", part)
    life.freelancer.post(f"givebacks/{asked['id']}/accept/", fine=409)


_MANNERS: dict[str, Callable[[Life, str], Waiting]] = {
    "approving": approving,
    "silent": silent,
    "asking for changes": asking_for_changes,
    "late": late,
    "disputing": disputing,
    "cancelling": cancelling,
    "ending by consent": ending_by_consent,
    "in parts": in_parts,
    "moving on": moving_on,
    "with a bonus": with_a_bonus,
    "giving back": giving_back,
}

# How often each manner is met, in percent.
MANNERS = {
    "approving": 15,
    "silent": 16,
    "asking for changes": 14,
    "late": 10,
    "disputing": 12,
    "cancelling": 6,
    "ending by consent": 6,
    "in parts": 4,
    "moving on": 4,
    "with a bonus": 4,
    "giving back": 3,
    "offer declined": 3,
    "offer lapses": 3,
}
