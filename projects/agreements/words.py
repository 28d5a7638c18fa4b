"""What was agreed besides the milestones, as sentences: for the page and for the paper."""

from typing import Any

from payments.policies.words import percent
from projects.agreements.terms import days_end_in


def rules_of(wording: dict[str, Any]) -> list[str]:
    """Each rule of this wording; one of an older form says nothing of what it did not know."""
    client, freelancer = wording["client"]["name"], wording["freelancer"]["name"]
    policy = wording["policy"]
    fees = [percent(policy[f"{side}_fee_basis_points"]) for side in ("client", "freelancer")]
    rules = [
        "The money of a milestone is held from its funding until it is released or refunded.",
        _days_end(client, freelancer, days_end_in(wording)),
        f"A delivery is reviewed within {_days(wording['review_days'])}. Without an answer it is "
        "approved and released by itself.",
        _revisions(client, wording.get("revisions")),
        _other_revisions(wording["milestones"]),
        wording.get("ownership", {}).get("text", ""),
        wording.get("confidentiality", {}).get("text", ""),
        "Time under review does not count as late, and what is returned is due that day at the "
        f"earliest. From {_days(policy['lateness_grace_days'])} after the due date on, {client} "
        "may cancel a milestone for lateness and is refunded.",
        f"Funded work that is not started within {_days(policy['never_started_days'])} may be "
        f"cancelled by {client}.",
        f"{freelancer} may cancel a milestone at any time; what is held for it goes back.",
        _funding(client, freelancer, policy.get("funding_days", 0)),
        "Both sides may agree at any time to end a milestone and to divide what is held for it; a "
        f"proposal that is not answered within {_days(policy['proposal_answer_days'])} lapses.",
        "Either side may dispute a funded milestone; the other has "
        f"{_days(policy['dispute_answer_days'])} to answer"
        f"{_negotiation(policy.get('negotiation_days', 0))}, then a mediator decides"
        f"{_ruling(policy.get('ruling_days', 0))}{_appeal(policy.get('appeal_days', 0))}",
        _second_mediator(wording),
        _silence(policy.get("silence_table", 0)),
        f"Fees are charged on released money only: {fees[0]} on top for {client}, {fees[1]} off "
        f"for {freelancer}.",
        wording.get("holding", ""),
        wording.get("chargebacks", ""),
        f"What is released is paid out after {_days(policy['payout_hold_days'])}; a first payout "
        f"after {_days(policy['first_payout_hold_days'])}.",
        _giveback(client, freelancer, policy.get("giveback_days", 0)),
    ]
    return [rule for rule in rules if rule]


def _days_end(client: str, freelancer: str, zone: str) -> str:
    if not zone:
        return ""
    return (
        f"Days of the plan count from the day on which {freelancer} accepts, or, of a milestone "
        f"that {client} funds later, its own days from that day on. A day ends at 23:59 in the "
        f"time zone {zone}."
    )


def _funding(client: str, freelancer: str, days: int) -> str:
    if not days:
        return ""
    return (
        f"While no money is held at all, {client} has {_days(days)} to fund a milestone: from the "
        "last signature of both on, or from the end of the milestone before. After that "
        f"{freelancer} may end the contract for that cause, and no money moves."
    )


def _negotiation(days: int) -> str:
    return f", and after an answer both have {_days(days)} to settle it" if days else ""


def _ruling(days: int) -> str:
    return f", within {_days(days)} and with reasons." if days else "."


def _second_mediator(wording: dict[str, Any]) -> str:
    policy, currency = wording["policy"], wording["currency"]
    by_currency = policy.get("second_mediator_units_by_currency", {})
    most = by_currency.get(currency, policy.get("second_mediator_units", 0))
    if not most:
        return ""
    return (
        f"Where more than {most:,} {currency} of the price is held, another mediator confirms "
        "a decision before it stands, unless a published rule decides."
    )


def _giveback(client: str, freelancer: str, days: int) -> str:
    if not days:
        return ""
    return (
        f"Within {_days(days)} after the end of the work {client} may ask for released money back; "
        f"it is given back if {freelancer} agrees."
    )


def _appeal(days: int) -> str:
    if not days:
        return ""
    return (
        f" The decision is carried out after {_days(days)}, in which either side may appeal, once: "
        "another mediator then decides for good."
    )


def _silence(table: int) -> str:
    if not table:
        return ""
    return (
        f"A dispute that is not answered is judged by what is on file, by table {table} of the "
        "published rules, and never against the side that has evidence there."
    )


def _revisions(client: str, revisions: int | None) -> str:
    if revisions is None:
        return ""
    if not revisions:
        return "No revisions are included: a delivery is approved, ended by consent, or disputed."
    times = "once" if revisions == 1 else f"{revisions} times"
    return (
        f"{client} may ask for changes {times} for each milestone, naming the criteria that are "
        "not met."
    )


def _other_revisions(parts: list[dict[str, Any]]) -> str:
    if not any("revisions" in part for part in parts):
        return ""
    return "Where a milestone names another number of revisions, it counts for that one."


def _days(count: int) -> str:
    return f"{count} day{'' if count == 1 else 's'}"
