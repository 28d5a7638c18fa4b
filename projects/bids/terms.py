"""What a bid may say."""

from datetime import datetime, timedelta
from typing import Any

from marketplace.common.clock import now
from marketplace.common.errors import InvalidInput
from marketplace.common.money import MAX_AMOUNT, checked_amount, in_words
from marketplace.common.text import checked_line, checked_text
from payments.policies.fees import check_payable
from payments.policies.models import Policy
from payments.policies.selectors import minimum_milestone, policy_in_force
from projects.postings.models import TIME_TO_CHOOSE

LONGEST_LETTER = 10_000
MAX_MILESTONES = 20
MAX_CRITERIA = 10
LONGEST_MILESTONE_TITLE = 150
LONGEST_CRITERION = 300
MAX_DAYS = 730
LEAST_VALID_DAYS, MOST_VALID_DAYS = 1, TIME_TO_CHOOSE.days


def checked_terms(given: dict[str, Any], *, currency: str) -> dict[str, Any]:
    """Price, days, letter, plan and valid_until as they are to be stored. Raises InvalidInput.

    The plan's amounts are minor units that sum to the price; its days do not fall, and end within
    the days of the bid.
    """
    days = checked_milestone_days(given["days"], param="days")
    # The plan before the price: where that is the sum of the plan, the fault is in the plan.
    terms = {
        "days": days,
        "letter": checked_text(given["letter"], param="letter", longest=LONGEST_LETTER, least=1),
        "plan": checked_plan(given["plan"], currency=currency, days=days),
        "price": checked_amount(given["price"], param="price"),
        "valid_until": given["valid_until"],
    }
    price, total = terms["price"], sum(milestone["amount"] for milestone in terms["plan"])
    if total != price:
        raise InvalidInput(
            f"The milestones sum to {in_words(total, currency)}, "
            f"the price is {in_words(price, currency)}.",
            param="plan",
        )
    return terms


def checked_plan(plan: object, *, currency: str, days: int) -> list[dict[str, Any]]:
    """1 to 20 milestones. Raises InvalidInput with ``plan[1].amount`` as the field at fault."""
    if not isinstance(plan, list) or not all(isinstance(entry, dict) for entry in plan):
        raise InvalidInput("Give the plan as a list of milestones.", param="plan")
    if not plan:
        raise InvalidInput("A plan has at least one milestone.", param="plan")
    if len(plan) > MAX_MILESTONES:
        raise InvalidInput(f"A plan has at most {MAX_MILESTONES} milestones.", param="plan")
    policy = policy_in_force()
    checked, earliest = [], 1
    for place, entry in enumerate(plan):
        milestone = _checked_milestone(entry, f"plan[{place}]", policy, currency)
        if milestone["days"] < earliest:
            raise InvalidInput(
                "A milestone is not due before the one above it.", param=f"plan[{place}].days"
            )
        if milestone["days"] > days:
            raise InvalidInput(
                f"This is due after the {days} days of the bid.", param=f"plan[{place}].days"
            )
        earliest = milestone["days"]
        checked.append(milestone)
    return checked


def _checked_milestone(
    entry: dict[str, Any], param: str, policy: Policy, currency: str
) -> dict[str, Any]:
    unknown = set(entry) - {"title", "amount", "days", "criteria"}
    if unknown:
        raise InvalidInput("A milestone has no such field.", param=f"{param}.{min(unknown)}")
    amount = checked_milestone_amount(entry.get("amount"), f"{param}.amount", policy, currency)
    return {
        "title": checked_line(
            entry.get("title"), param=f"{param}.title", longest=LONGEST_MILESTONE_TITLE
        ),
        "amount": amount,
        "days": checked_milestone_days(entry.get("days"), param=f"{param}.days"),
        "criteria": checked_criteria(entry.get("criteria", []), f"{param}.criteria"),
    }


def checked_criteria(criteria: object, param: str) -> list[str]:
    if not isinstance(criteria, list):
        raise InvalidInput("Give the criteria as a list.", param=param)
    kept = [checked_line(c, param=param, longest=LONGEST_CRITERION, least=0) for c in criteria]
    kept = [criterion for criterion in kept if criterion]
    if len(kept) > MAX_CRITERIA:
        raise InvalidInput(f"At most {MAX_CRITERIA} criteria for a milestone.", param=param)
    if len(set(kept)) < len(kept):
        # They are answered, and found not met, by their words.
        raise InvalidInput("Write each criterion only once.", param=param)
    return kept


def checked_milestone_days(days: object, *, param: str) -> int:
    if isinstance(days, bool) or not isinstance(days, int) or not 1 <= days <= MAX_DAYS:
        raise InvalidInput(f"Give whole days, from 1 to {MAX_DAYS}.", param=param)
    return days


def checked_valid_until(moment: object) -> datetime:
    """1 to 60 days ahead, counted as dates. Raises InvalidInput."""
    if not isinstance(moment, datetime) or moment.tzinfo is None:
        raise InvalidInput("Give a moment with its time zone.", param="valid_until")
    if not LEAST_VALID_DAYS <= (moment - now() + timedelta(minutes=5)).days <= MOST_VALID_DAYS:
        raise InvalidInput(
            f"A bid is valid for {LEAST_VALID_DAYS} to {MOST_VALID_DAYS} days.",
            param="valid_until",
        )
    return moment


def checked_amounts(amounts: object, currency: str) -> list[int]:
    """The amounts of a plan under way, for a quote. Raises InvalidInput with ``amounts[1]``."""
    if not isinstance(amounts, list) or not 1 <= len(amounts) <= MAX_MILESTONES:
        raise InvalidInput(f"Give 1 to {MAX_MILESTONES} amounts.", param="amounts")
    policy = policy_in_force()
    checked = [
        checked_milestone_amount(amount, f"amounts[{place}]", policy, currency)
        for place, amount in enumerate(amounts)
    ]
    if sum(checked) > MAX_AMOUNT:
        raise InvalidInput("That is larger than anything we can carry.", param="amounts")
    return checked


def checked_milestone_amount(amount: object, param: str, policy: Policy, currency: str) -> int:
    amount = checked_amount(amount, param=param)
    least = minimum_milestone(policy, currency)
    if amount < least:
        raise InvalidInput(f"A milestone is at least {in_words(least, currency)}.", param=param)
    check_payable(amount, currency=currency, policy=policy, param=param)
    return amount
