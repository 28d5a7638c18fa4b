"""Other terms for a bid as the pages show them."""

from typing import Any

from projects.agreements.downtime.selectors import why_later
from projects.bids.counters.models import CounterOffer
from projects.bids.counters.selectors import (
    differences_of,
    open_steps,
    rounds_on,
    since_countered,
)
from projects.bids.models import Bid
from projects.bids.selectors import quote_of


def rounds_of(bid: Bid, role: str | None) -> dict[str, Any]:
    """What is proposed now, and every round before it, newest first."""
    rounds = rounds_on(bid)
    lines = differences_of(rounds, bid)
    shown = [shown_counter(one, role, lines[one.pk]) for one in rounds]
    standing = [one for one in shown if one["counter"].state == CounterOffer.Status.PROPOSED]
    earlier = [one for one in shown if one not in standing]
    for one in standing:
        one["put_off"] = why_later(one["counter"].public_id, one["counter"].answer_due_at)
        one["quote"] = quote_of([part["amount"] for part in one["counter"].plan])
    return {"standing": standing[0] if standing else None, "rounds": earlier}


def shown_counter(counter: CounterOffer, role: str | None, lines: list[Any]) -> dict[str, Any]:
    """One as both sides read it: how the bid would differ, what the round before said, and what
    this side can do.
    """
    bid = counter.bid
    names = {"client": bid.posting.client.name, "freelancer": bid.freelancer.name}
    return {
        "counter": counter,
        "lines": lines,
        "since": since_countered(counter),
        "is_mine": counter.proposed_by_role == role,
        "proposer": names[counter.proposed_by_role],
        "answerer": next(n for side, n in names.items() if side != counter.proposed_by_role),
        "steps": open_steps(counter, role),
    }
