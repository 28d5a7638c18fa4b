"""How people play a milestone: each manner is a way from its funding to its end."""

from collections.abc import Callable
from datetime import timedelta

from projects.management.simulation.disputes import (
    disputing,
    disputing_in_vain,
    disputing_much,
)
from projects.management.simulation.http import GOOD_CARD, pay
from projects.management.simulation.lives import Life, Waiting
from projects.management.simulation.works import CHANGES


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
    made = life.freelancer.sign(f"milestones/{milestone}/proposals/", terms)
    yield
    life.client.sign(f"proposals/{made['id']}/accept/")


def with_a_bonus(life: Life, milestone: str) -> Waiting:
    """Approved, and a tenth on top, which is paid like everything else."""
    yield from approving(life, milestone)
    price = life.client.get(f"milestones/{milestone}/")["amount"]
    terms = {"amount": max(price // 10, 500), "note": "Thank you."}
    given = life.client.post(f"contracts/{life.contract}/bonuses/", terms)
    payment = given["payment"]
    if pay(life.client.instance, payment["url"], [GOOD_CARD], code=life.code):
        life.client.instance.keep(paid=payment["id"], amount=payment["amount"])
    yield


def giving_back(life: Life, milestone: str) -> Waiting:
    """Approved, and a quarter goes back; where time has leapt, it is too late for that."""
    yield from approving(life, milestone)
    can = life.client.get(f"contracts/{life.contract}/returnable/")[-1]
    part = {"of": can["of"], "amount": can["amount"] // 4}
    asked = life.client.post(f"contracts/{life.contract}/givebacks/", part)
    life.freelancer.post(f"givebacks/{asked['id']}/accept/", fine=409)


def agreeing_anew(life: Life, milestone: str) -> Waiting:
    """Once it is funded they agree on another price and date, now and then in a second round."""
    yield from life.fund(milestone)
    shown = life.client.get(f"milestones/{milestone}/")
    price = shown["amount"]
    wish = {
        "milestone": milestone,
        "amount": life.random.choice((price // 200 * 100, price // 100 * 100 + 2_500)),
        "due_at": (life.present() + timedelta(days=20)).isoformat(),
    }
    asked, other = life.freelancer, life.client
    orders = f"contracts/{life.contract}/change-orders/"
    order = asked.sign(orders, {"changes": [wish], "note": "It is another thing now."})
    if life.random.random() < 0.4:
        wish["amount"] += 1_000
        order = other.sign(f"change-orders/{order['id']}/counter/", {"changes": [wish]})
        other = asked
    other.sign(f"change-orders/{order['id']}/accept/")
    if life.client.get(f"milestones/{milestone}/")["money"]["to_fund"]:
        yield from life.fund(milestone)
    life.submit(milestone)
    yield
    life.client.post(f"milestones/{milestone}/release/")


def ending_it_all(life: Life, milestone: str) -> Waiting:
    """Once the first is funded they part: the whole contract ends in one step, half of it paid."""
    shown = life.client.get(f"milestones/{milestone}/")
    if shown["position"] > 1:
        return
    yield from life.fund(milestone)
    asked, other = life.client, life.freelancer
    if life.random.random() < 0.5:
        asked, other = other, asked
    part = life.random.choice((0, shown["amount"] // 200 * 100, shown["amount"]))
    parts = [{"milestone": milestone, "to_freelancer": part}]
    ending = asked.sign(
        f"contracts/{life.contract}/endings/", {"parts": parts, "note": "So be it."}
    )
    yield
    other.sign(f"change-orders/{ending['id']}/accept/")


ACTS: dict[str, Callable[[Life, str], Waiting]] = {
    "approving": approving,
    "silent": silent,
    "asking for changes": asking_for_changes,
    "late": late,
    "disputing": disputing,
    "disputing in vain": disputing_in_vain,
    "disputing much": disputing_much,
    "cancelling": cancelling,
    "ending by consent": ending_by_consent,
    "in parts": in_parts,
    "moving on": moving_on,
    "with a bonus": with_a_bonus,
    "giving back": giving_back,
    "agreeing anew": agreeing_anew,
    "ending it all": ending_it_all,
}

# How often each manner is met, in percent. Two freelancers are chosen for "two awards", and both
# approved; the last two never come to a milestone.
MANNERS = {
    "agreeing anew": 4,
    "approving": 12,
    "silent": 12,
    "asking for changes": 14,
    "late": 10,
    "disputing": 11,
    "disputing in vain": 1,
    "disputing much": 1,
    "two awards": 2,
    "cancelling": 6,
    "ending by consent": 4,
    "ending it all": 2,
    "in parts": 4,
    "moving on": 4,
    "with a bonus": 4,
    "giving back": 3,
    "offer declined": 3,
    "offer lapses": 3,
}
