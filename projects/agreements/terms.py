"""The agreement's wording: plain data, in one canonical form, so that its hash means something."""

import hashlib
import json
from typing import Any

from accounts.people.profile import COUNTRIES
from marketplace.common.models import StoredFile
from payments.policies.models import Policy
from projects.bids.models import Bid
from projects.contracts.models import Contract

# How often changes may be asked for, for each milestone: by default, and at most.
USUAL_REVISIONS, MOST_REVISIONS = 3, 20

CHARGEBACKS = (
    "If the bank of the client takes a payment back, it takes first what is still held for the "
    "work. For what was released, both fees are computed anew on what stays released, and the "
    "freelancer owes the difference of what they got and what they keep. It is taken from what "
    "they have earned on the platform and from what they earn next, before it is paid out, and "
    "from nothing else. What the bank gives back goes back to where it came from."
)


def wording_of(contract: Contract, bid: Bid) -> dict[str, Any]:
    """What both sides sign. Amounts are minor units of ``currency``; days run from acceptance."""
    posting, policy = contract.posting, contract.policy
    return {
        "agreement": 1,
        "contract": contract.public_id,
        "offered_at": contract.created_at.isoformat(),
        "client": {"id": contract.client.public_id, "name": contract.client.name},
        "freelancer": {"id": contract.freelancer.public_id, "name": contract.freelancer.name},
        "posting": {
            "id": posting.public_id,
            "title": posting.title,
            "description": posting.description,
            "files": [
                {"name": stored.name, "size": stored.size, "sha256": stored.sha256}
                for stored in StoredFile.objects.filter(
                    pk__in=posting.files.values("stored")
                ).order_by("name", "sha256")
            ],
        },
        "bid": {"id": bid.public_id, "version": bid.version, "letter": bid.letter},
        "currency": contract.currency,
        "price": bid.price,
        "milestones": [
            {
                "position": position,
                "title": part["title"],
                "amount": part["amount"],
                "days": part["days"],
                "criteria": part.get("criteria", []),
            }
            for position, part in enumerate(bid.plan, start=1)
        ],
        "review_days": contract.review_days,
        "revisions": contract.revisions,
        "chargebacks": CHARGEBACKS,
        "holding": holding_in_words(policy),
        "policy": {
            "version": policy.version,
            "client_fee_basis_points": policy.client_fee_basis_points,
            "freelancer_fee_basis_points": policy.freelancer_fee_basis_points,
            "lateness_grace_days": policy.lateness_grace_days,
            "never_started_days": policy.never_started_days,
            "payout_hold_days": policy.payout_hold_days,
            "first_payout_hold_days": policy.first_payout_hold_days,
            "proposal_answer_days": policy.proposal_answer_days,
            "dispute_answer_days": policy.dispute_answer_days,
        },
    }


def holding_in_words(policy: Policy) -> str:
    """Until when money can be held: the provider's own limit, which no agreement moves."""
    others = [
        f"{days} days where the freelancer's bank is in {COUNTRIES[code]}"
        for code, days in sorted(policy.holding_days_by_country.items())
    ]
    most = ", ".join([f"{policy.holding_days} days", *others])
    return (
        f"The payment provider holds a payment for a limited time, counted from the payment: {most}"
        ". Both sides are warned before. A delivery under review is approved by itself in time; "
        "whatever else is still held then goes back to the client."
    )


def canonical(wording: dict[str, Any]) -> str:
    """The one way to write it down: sorted keys, no spaces, every letter as itself (UTF-8)."""
    return json.dumps(wording, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def digest(body: str) -> str:
    """SHA-256 of the canonical form, in hex."""
    return hashlib.sha256(body.encode()).hexdigest()
