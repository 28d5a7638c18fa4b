"""The agreement's wording: plain data, in one canonical form, so that its hash means something."""

import hashlib
import json
from collections.abc import Iterable
from typing import Any

from django.db.models import TextChoices

from accounts.parties.models import Party
from accounts.parties.selectors import people_of_each
from accounts.people.profile import COUNTRIES
from marketplace.common.models import StoredFile
from payments.policies.models import Policy
from payments.policies.words import RULES
from projects.bids.files.selectors import files_in, with_files
from projects.bids.models import Bid
from projects.confidentiality.selectors import part_of
from projects.contracts.models import Contract

# The form of the wording. 1 said nothing of ownership and confidentiality, 2 nothing of the files
# of the bid, 3 only some of the rules and not where a day ends; what was signed in them stays in
# them, with every later version.
FORM = 4

# How often changes may be asked for, for each milestone: by default, and at most.
USUAL_REVISIONS, MOST_REVISIONS = 3, 20

CHARGEBACKS = (
    "If the bank of the client takes a payment back, it takes first what is still held for the "
    "work. For what was released, both fees are computed anew on what stays released, and the "
    "freelancer owes the difference of what they got and what they keep. It is taken from what "
    "they have earned on the platform and from what they earn next, before it is paid out, and "
    "from nothing else. What the bank gives back goes back to where it came from."
)


# For how many years after the end of a contract both keep silent, at most.
MOST_YEARS_OF_SILENCE = 10


class Ownership(TextChoices):
    """Whose the result is, and from when."""

    ON_PAYMENT = "on_payment", "The client’s, milestone by milestone as they are paid"
    ON_COMPLETION = "on_completion", "The client’s, all of it when the contract is completed"
    STAYS = "stays", "The freelancer’s; the client may use it without limit"


OWNERSHIP_IN_WORDS = {
    Ownership.ON_PAYMENT: (
        "What is delivered for a milestone becomes the client's, with every right to use, change "
        "and pass it on, when money of that milestone is released and it has ended by that. What "
        "is cancelled or refunded in full stays the freelancer's."
    ),
    Ownership.ON_COMPLETION: (
        "Everything that is delivered and paid becomes the client's, with every right to use, "
        "change and pass it on, when the contract is completed. Until then it stays the "
        "freelancer's, and the client may use it for their own work."
    ),
    Ownership.STAYS: (
        "What is delivered stays the freelancer's. From the release of a milestone's money on the "
        "client may use and change its result without limit of time or place, and may not sell it "
        "as a work of their own."
    ),
}


def silence_in_words(years: int) -> str:
    """What both promise about what they learn of each other."""
    if not years:
        return "This agreement binds neither side to silence about what it learns of the other."
    return (
        "Both sides keep to themselves what they learn of the other's affairs through this work, "
        f"and use it for this work alone, until {years} year{'' if years == 1 else 's'} after the "
        "contract has ended. What is public, was known before, or has to be told by law, is exempt."
    )


def wording_of(
    contract: Contract, bid: Bid, *, ownership: str, confidentiality_years: int
) -> dict[str, Any]:
    """What both sides sign. Amounts are minor units of ``currency``; days run from acceptance, and
    end with their last minute where the freelancer lives, whose plan it is.
    """
    posting, policy, part = contract.posting, contract.policy, part_of(contract.posting)
    with_files(bid)
    return {
        "agreement": FORM,
        "contract": contract.public_id,
        "offered_at": contract.created_at.isoformat(),
        "client": {"id": contract.client.public_id, "name": contract.client.name},
        "freelancer": {"id": contract.freelancer.public_id, "name": contract.freelancer.name},
        "posting": {
            "id": posting.public_id,
            "title": posting.title,
            "description": posting.description,
            "files": _named(StoredFile.objects.filter(pk__in=posting.files.values("stored"))),
            **({"details": part.details} if part and part.details else {}),
        },
        "bid": {
            "id": bid.public_id,
            "version": bid.version,
            "letter": bid.letter,
            "files": _named(file.stored for file in files_in(bid)),
        },
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
        "days_end_in": zone_of(bid.freelancer),
        "review_days": contract.review_days,
        "revisions": contract.revisions,
        "ownership": {"rule": ownership, "text": OWNERSHIP_IN_WORDS[Ownership(ownership)]},
        "confidentiality": {
            "years": confidentiality_years,
            "text": silence_in_words(confidentiality_years),
        },
        "chargebacks": CHARGEBACKS,
        "holding": holding_in_words(policy),
        "policy": {
            "version": policy.version,
            # All of them: what is not written here is bound by a number only, and proves nothing.
            **{field: getattr(policy, field) for field in RULES},
        },
    }


def zone_of(freelancer: Party) -> str:
    """By whose clock the days of their plan end: the IANA name of their zone."""
    people = people_of_each([freelancer])[freelancer.pk]
    return people[0].time_zone if people else "UTC"


def days_end_in(wording: dict[str, Any]) -> str:
    """In which zone (IANA) the days of this wording end; '' in an older form, where they ended at
    the minute of the acceptance.
    """
    return wording.get("days_end_in", "")


def _named(files: Iterable[StoredFile]) -> list[dict[str, Any]]:
    """As they are signed: by their hash."""
    found = sorted(files, key=lambda stored: (stored.name, stored.sha256))
    return [{"name": one.name, "size": one.size, "sha256": one.sha256} for one in found]


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
