"""What came of the disputes of a life, as the house tells it."""

from collections.abc import Iterator
from typing import Any

from projects.management.simulation.lives import Life

# What a milestone in dispute comes to where no decision is carried out …
_WITHOUT_A_RULING = {
    "released": "approved",
    "cancelled": "given back",
    "split": "agreed",
    "refunded": "at the limit",
}
# … and where one is, of a mediator or by a rule.
_AS_RULED = {"released": "ruled: all", "split": "ruled: a part", "refunded": "ruled: nothing"}


def what_came_of(life: Life) -> None:
    """Count the outcomes of its disputes, as the house tells them."""
    for dispute in life.disputes:
        shown = life.client.get(f"disputes/{dispute}/")
        milestone = life.client.get(f"milestones/{shown['milestone']}/")
        life.met.update(f"dispute {words}" for words in outcomes_of(shown, milestone))


def outcomes_of(shown: dict[str, Any], milestone: dict[str, Any]) -> Iterator[str]:
    """How this one ended, and what was rare about it."""
    rulings, ended = shown["rulings"], milestone["status"]
    if milestone["money"]["charged_back"]:
        yield "kept by a bank"
    if not any(ruling["carried_out_at"] for ruling in rulings):
        is_agreed = shown["to_freelancer"] is None
        how = _WITHOUT_A_RULING.get(ended, ended) if is_agreed else "settled"
        after = " after an appeal" if shown["appealed_by"] else " after a decision"
        yield how + (after if rulings else "")
        return
    yield _AS_RULED.get(ended, ended)
    if len(rulings) > 1:
        yield "appealed" if rulings[0]["by"] else "rule appealed"
    elif shown["appealed_by"]:
        yield "appealed in vain"
    elif rulings[0]["by"] is None:
        yield "by rule"
    else:
        yield "accepted" if shown["accepted_by"] else "standing"
    if rulings[0]["confirmed_by"]:
        yield "confirmed"
    if rulings[-1]["confirmed_by"] and len(rulings) > 1:
        yield "confirmed on appeal"
    if shown["ruling_missed_at"]:
        yield "overdue"
