"""The world of the tests, made through the front door.

--- People ---
"""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from django.test import Client
from rest_framework.test import APIClient

from accounts.access.services import create_token
from accounts.people.models import User
from accounts.people.services import create_person
from marketplace.common.clock import now
from payments.escrow.services import take_in
from projects.agreements.services import accept_offer, award_bid
from projects.bids.models import Bid
from projects.bids.services import submit_bid
from projects.contracts.models import Contract
from projects.disputes.models import Dispute
from projects.disputes.negotiating.services import ask_mediator
from projects.disputes.rulings.services import accept_ruling, decide_dispute
from projects.disputes.services import answer_dispute, open_dispute
from projects.milestones.arrivals.services import tell_funding
from projects.milestones.models import Milestone
from projects.milestones.services import fund_milestone, submit_work
from projects.postings.models import Posting
from projects.postings.services import create_posting, publish_posting

PASSWORD = "seven tall birches"
# What goes with the call by which somebody signs.
SIGNED = {"password": PASSWORD}
# What a suspension rests on, and for how long it is.
GROUNDS: dict[str, Any] = {"evidence": "Reports of two people.", "days": 7}


def person(name: str, **profile) -> User:
    """Somebody who can log in with PASSWORD: ``person("Ada")`` has ada@example.com."""
    email = f"{name.lower().replace(' ', '.')}@example.com"
    return create_person(email=email, name=name, password=PASSWORD, verified=True, **profile)


def token_of(user: User) -> str:
    """What a program of theirs shows at the door."""
    return create_token(user_id=user.pk, name="test", by=user, is_told=False)[1]


class Program(APIClient):
    """Talks JSON, as programs do."""

    default_format = "json"


def api_of(user: User | None = None) -> Program:
    """A program that acts as this person, or as nobody."""
    client = Program()
    if user is not None:
        client.credentials(HTTP_AUTHORIZATION=f"Bearer {token_of(user)}")
    return client


def browser(user: User | None = None) -> Client:
    """A browser in which this person, or nobody, is logged in."""
    client = Client()
    if user is not None:
        client.force_login(user)
    return client


# --- Postings and bids ---------------------------------------------------------------------------


def draft_posting(client: User, **fields: Any) -> Posting:
    """A project that only its client sees yet."""
    wanted = {
        "title": "A shop for handmade lamps",
        "description": "A small shop with a basket and card payments.",
        "skills": ["Python", "Web Design"],
        "budget_least": 50_000,
        "budget_most": 100_000,
    }
    return create_posting(by=client, **(wanted | fields))


def open_posting(client: User, **fields: Any) -> Posting:
    """A project that anybody may bid on."""
    return publish_posting(posting_id=draft_posting(client, **fields).pk, by=client)


def plan_of(*amounts: int, days: int = 20, criteria: Sequence[str] = ()) -> list[dict[str, Any]]:
    """Milestones of these amounts in minor units, evenly over the days, each with the criteria."""
    return [
        {
            "title": f"Part {number}",
            "amount": amount,
            "days": max(1, days * number // len(amounts)),
            "criteria": list(criteria),
        }
        for number, amount in enumerate(amounts, start=1)
    ]


def submitted_bid(posting: Posting, freelancer: User, price: int = 80_000, **terms: Any) -> Bid:
    """An offer of one milestone, or of ``plan``, whose amounts then sum to the price."""
    offered = {
        "days": 20,
        "letter": "I have built three shops like this one.",
        "plan": plan_of(price),
        "valid_until": now() + timedelta(days=30),
    }
    return submit_bid(posting_id=posting.pk, by=freelancer, price=price, **(offered | terms))


# --- Contracts and milestones --------------------------------------------------------------------


def offered_contract(
    client: User, freelancer: User, amounts: Sequence[int] = (100_000,), **award: Any
) -> Contract:
    """An offer that waits for the freelancer's answer, on a ``posting`` of the client or a new one;
    ``amounts`` are minor units.
    """
    currency = award.pop("currency", "USD")
    posting = award.pop("posting", None) or open_posting(client, currency=currency)
    plan = award.pop("plan", None) or plan_of(*amounts)
    price = sum(part["amount"] for part in plan)
    days = max(20, *(part["days"] for part in plan))
    bid = submitted_bid(posting, freelancer, price, plan=plan, days=days)
    return award_bid(bid_id=bid.pk, by=client, **award)


def active_contract(
    client: User, freelancer: User, amounts: Sequence[int] = (100_000,), **award: Any
) -> Contract:
    """Signed by both; none of its milestones is funded."""
    contract = offered_contract(client, freelancer, amounts, **award)
    return accept_offer(contract_id=contract.pk, by=freelancer)


def planned_milestone(
    client: User, freelancer: User, amount: int = 100_000, **award: Any
) -> Milestone:
    """The only milestone of a new contract, not funded."""
    return active_contract(client, freelancer, [amount], **award).milestones.get()


def fund(milestone: Milestone, amount: int | None = None) -> Milestone:
    """Pay for a milestone, or ``amount`` of its price, as the letter of a payment would."""
    client = milestone.contract.client.members.get()
    payment = fund_milestone(milestone_id=milestone.pk, by=client, amount=amount)
    take_in(
        payment_id=payment.pk,
        intent_id=f"pi_{payment.public_id}",
        charge_id=f"ch_{payment.public_id}",
    )
    return tell_funding(milestone_id=milestone.pk)


def funded_milestone(
    client: User, freelancer: User, amount: int = 100_000, **award: Any
) -> Milestone:
    """The only milestone of a new contract, its funds held."""
    return fund(planned_milestone(client, freelancer, amount, **award))


def submitted_milestone(
    client: User, freelancer: User, amount: int = 100_000, **award: Any
) -> Milestone:
    """The only milestone of a new contract, delivered and under review."""
    milestone = funded_milestone(client, freelancer, amount, **award)
    answers = answers_to(milestone)
    submit_work(milestone_id=milestone.pk, by=freelancer, note="Here it is.", criteria=answers)
    milestone.refresh_from_db()
    return milestone


def answers_to(milestone: Milestone, how: str = "It is there: try it.") -> list[dict[str, Any]]:
    """All criteria are met, says the freelancer."""
    numbers = range(1, len(milestone.criteria) + 1)
    return [{"criterion": number, "met": True, "how": how} for number in numbers]


# --- Disputes ------------------------------------------------------------------------------------


def opened_dispute(
    client: User,
    freelancer: User,
    amount: int = 100_000,
    *,
    by: User | None = None,
    currency: str = "USD",
    **said: Any,
) -> Dispute:
    """On the only milestone of a new contract, delivered; by the client unless ``by`` is given."""
    milestone = submitted_milestone(client, freelancer, amount, currency=currency)
    words = {
        "reason": "not_as_agreed",
        "statement": "The basket loses what is put into it.",
        "asked_for": amount // 2,
    }
    return open_dispute(milestone_id=milestone.pk, by=by or client, **(words | said))


def reviewed_dispute(client: User, freelancer: User, amount: int = 100_000, **more: Any) -> Dispute:
    """Opened by the client, answered by the freelancer, given up by both: a mediator may decide."""
    return to_mediator(negotiated_dispute(client, freelancer, amount, **more), client, freelancer)


def negotiated_dispute(
    client: User, freelancer: User, amount: int = 100_000, **more: Any
) -> Dispute:
    """Opened by the client, answered by the freelancer: both may settle it."""
    dispute = opened_dispute(client, freelancer, amount, **more)
    words = "It keeps everything in the browsers that were agreed on."
    return answer_dispute(dispute_id=dispute.pk, by=freelancer, statement=words)


def why(reasons: str = "So it is.") -> dict[str, str]:
    """What a ruling says besides its split."""
    words = {"facts": "Three of five are met.", "rule": "What was agreed.", "reasons": reasons}
    return words | {"ground": "other"}


def ruled(dispute: Dispute, by: User, to_freelancer: int, reasons: str = "So it is.") -> Dispute:
    """Decided by this mediator and accepted by both: the money has moved."""
    decide_dispute(dispute_id=dispute.pk, by=by, to_freelancer=to_freelancer, **why(reasons))
    contract = dispute.milestone.contract
    accept_ruling(dispute_id=dispute.pk, by=contract.client.members.get())
    return accept_ruling(dispute_id=dispute.pk, by=contract.freelancer.members.get())


def to_mediator(dispute: Dispute, client: User, freelancer: User) -> Dispute:
    """An answered one, for which both have asked for a mediator."""
    ask_mediator(dispute_id=dispute.pk, by=client)
    return ask_mediator(dispute_id=dispute.pk, by=freelancer)
