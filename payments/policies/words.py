"""The rules as people read them: each value of a policy with what it does."""

from dataclasses import dataclass
from typing import Any

from accounts.people.profile import COUNTRIES
from payments.policies.models import Policy


def percent(basis_points: int) -> str:
    """300 → 3 %, 275 → 2.75 %; the sign never stands alone on the next line."""
    return f"{basis_points / 100:g}\N{NO-BREAK SPACE}%"


def days(count: int) -> str:
    return f"{count} day" if count == 1 else f"{count} days"


def days_or_none(count: int) -> str:
    return days(count) if count else "none"


def working_days(count: int) -> str:
    return f"{count} working day" if count == 1 else f"{count} working days"


def judged_by(table: int) -> str:
    return f"table {table}" if table else "a mediator decides"


def units(count: int) -> str:
    return f"{count} unit" if count == 1 else f"{count:,} units"


def units_or_none(count: int) -> str:
    return units(count) if count else "none"


def units_by_currency(by_currency: dict[str, int]) -> str:
    """750,000 units: JPY; none: KWD."""
    return (
        "; ".join(f"{units_or_none(by_currency[code])}: {code}" for code in sorted(by_currency))
        or "none"
    )


def days_by_country(by_country: dict[str, int]) -> str:
    """10 days: Thailand; 730 days: United States."""
    known = sorted((COUNTRIES.get(code, code), count) for code, count in by_country.items())
    return "; ".join(f"{days(count)}: {name}" for name, count in known) or "none"


@dataclass(frozen=True)
class Rule:
    """One value of a policy; ``text`` says what it does."""

    field: str
    title: str
    text: str
    as_words: Any = days

    def of(self, policy: Policy) -> str:
        return self.as_words(getattr(policy, self.field))


GROUPS = {
    "Fees": (
        Rule(
            "client_fee_basis_points",
            "The client’s fee",
            "On top of the price, charged on released money only.",
            percent,
        ),
        Rule(
            "freelancer_fee_basis_points",
            "The freelancer’s fee",
            "Off the price, charged on released money only.",
            percent,
        ),
        Rule(
            "minimum_milestone_units",
            "Smallest milestone",
            "In whole units of its currency: dollars, euros, yen.",
            units,
        ),
    ),
    "Agreeing": (
        Rule(
            "offer_validity_days",
            "Time to accept an offer",
            "Then it lapses, and nothing has changed.",
        ),
        Rule(
            "proposal_answer_days",
            "Time to answer a proposal",
            "Then it lapses, and nothing has changed.",
        ),
    ),
    "Working": (
        Rule(
            "review_period_days",
            "Time to review a delivery",
            "Then it is approved and released by itself. An agreement may name another time.",
        ),
        Rule(
            "review_period_least_days",
            "Shortest time to review",
            "What an agreement may shorten it to.",
        ),
        Rule(
            "review_period_most_days",
            "Longest time to review",
            "What an agreement may extend it to.",
        ),
        Rule(
            "funding_days",
            "Time to fund",
            "While no money is held: from the signing on, or from the end of the milestone before. "
            "Then the freelancer may end the contract for that.",
            days_or_none,
        ),
        Rule(
            "lateness_grace_days",
            "Grace after a due date",
            "Then the client may cancel the milestone and is refunded.",
        ),
        Rule(
            "never_started_days",
            "Time to start funded work",
            "Then the client may cancel the milestone and is refunded.",
        ),
    ),
    "Disagreeing": (
        Rule("dispute_answer_days", "Time to answer a dispute", "For both sides alike."),
        Rule(
            "silence_table",
            "When nobody answers it",
            "By what is on file. Nobody loses by it who has there what its table counts as "
            "evidence.",
            judged_by,
        ),
        Rule(
            "negotiation_days",
            "Time to settle an answered dispute",
            "Then a mediator looks at it: at once where both ask for one.",
        ),
        Rule(
            "ruling_working_days",
            "When a ruling is expected",
            "Monday to Friday. After that every mediator is told, and so are both sides.",
            working_days,
        ),
        Rule("ruling_days", "Longest time for a ruling", "By a mediator, with reasons."),
        Rule(
            "second_mediator_units",
            "Above it two mediators decide",
            "Where more of the price is held, in whole units of its currency, another mediator "
            "confirms a decision before it stands, within the same time for a ruling. What a "
            "published rule decides needs nobody.",
            units_or_none,
        ),
        Rule(
            "second_mediator_units_by_currency",
            "The same in other currencies",
            "In whole units of each.",
            units_by_currency,
        ),
        Rule(
            "appeal_days",
            "Time to appeal",
            "Once. A decision is carried out after it, unless another mediator is asked, who "
            "decides for good; where none does in the time for a ruling, the first decision is "
            "carried out. At a suspension or a hold on payouts somebody else of the staff looks in "
            "the time for a ruling; after that it is over.",
        ),
        Rule(
            "suspension_most_days",
            "Longest suspension",
            "Of a person or a posting: then it ends by itself. What runs goes on, and what was "
            "earned is paid as ever.",
        ),
    ),
    "Being paid": (
        Rule("payout_hold_days", "Rest before a payout", "What is released is paid out after it."),
        Rule(
            "first_payout_hold_days", "Rest before a first payout", "While a payout account is new."
        ),
        Rule(
            "payout_review_most_days",
            "Longest hold of a payout",
            "Of one that finance looks at: then it is paid out by itself.",
        ),
        Rule(
            "giveback_days",
            "Time to give released money back",
            "If the freelancer agrees, counted from the end of the work.",
        ),
        Rule(
            "holding_days",
            "Longest holding of a payment",
            "The payment provider’s own limit, counted from the payment: what is left goes back, "
            "and what was released is paid out before.",
        ),
        Rule(
            "holding_days_by_country",
            "Other limits, by the payee’s country",
            "Counted in the same way.",
            days_by_country,
        ),
    ),
}
RULES = {rule.field: rule for rules in GROUPS.values() for rule in rules}


@dataclass(frozen=True)
class Change:
    """One value that a version changes, as words."""

    rule: Rule
    before: str
    after: str


def changes_between(older: Policy, newer: Policy) -> list[Change]:
    """What the newer version says otherwise, in the order of the page."""
    return [
        Change(rule, rule.of(older), rule.of(newer))
        for rule in RULES.values()
        if getattr(older, rule.field) != getattr(newer, rule.field)
    ]
