"""How two sides come to an agreement, and how it ends."""

import json
from datetime import timedelta
from typing import Any

from django.db import transaction

from accounts.holds.services import judge_may_begin, judge_other_side
from accounts.people.models import User
from marketplace.common.clock import after_days, now
from marketplace.common.errors import InvalidInput, WrongState
from marketplace.common.lifecycle import CLIENT, FREELANCER, SYSTEM
from marketplace.common.reasons import checked_reason
from marketplace.common.text import checked_text
from marketplace.common.words import Words
from payments.escrow.models import Escrow
from payments.policies.selectors import policy_in_force
from projects.agreements.sealing.services import seal_agreement
from projects.agreements.signing import Signature, sign
from projects.agreements.terms import (
    MOST_REVISIONS,
    MOST_YEARS_OF_SILENCE,
    USUAL_REVISIONS,
    Ownership,
    canonical,
    days_end_in,
    digest,
    wording_of,
)
from projects.bids import services as bids
from projects.bids.declining.services import settle_awards
from projects.bids.models import Bid
from projects.contracts.models import FREELANCERS_REASONS, LIFECYCLE, Agreement, Contract
from projects.contracts.roles import Actor, role_in
from projects.contracts.selectors import agreement_of
from projects.contracts.services import record, tell_other_side
from projects.milestones.endings.services import lock_news, note_followed
from projects.milestones.planning.services import plan_milestone
from projects.milestones.selectors import is_funded
from projects.milestones.unfunded.services import start_funding_time, stop_funding_time
from projects.postings import services as postings
from projects.postings.models import Posting

OFFER_STANDS_STILL = "The posting is suspended: its offer cannot be accepted until it is restored."
# What the other side is told, by the step that ended it.
_ENDED = {
    "complete": Words("“%(title)s” is completed."),
    "cancel": Words("“%(title)s” is cancelled."),
    "decline": Words("The offer “%(title)s” is declined."),
    "withdraw": Words("The offer “%(title)s” is withdrawn."),
    "lapse": Words("The offer “%(title)s” has lapsed."),
}


@transaction.atomic
def award_bid(
    *,
    bid_id: int,
    by: Actor,
    review_days: int | None = None,
    revisions: int = USUAL_REVISIONS,
    ownership: str = Ownership.ON_PAYMENT,
    confidentiality_years: int = 0,
    version: int | None = None,
    confirmed_with: str = "",
) -> Contract:
    """Make the author of a bid an offer on exactly its terms; the client signs by doing so.

    The posting stays open and the other bids stand until the offer is accepted. ``review_days``
    is how long a delivery may be reviewed, within the policy's bounds; ``revisions`` how often
    changes may be asked for, for each milestone; ``ownership`` whose the result is and from when;
    ``confidentiality_years`` for how long after the end both keep silent; ``version`` is the
    wording of the bid that the client has read; ``confirmed_with`` how they showed at the door
    that it is they. Raises InvalidInput, NotAllowed or WrongState.
    """
    freelancer_id = Bid.objects.values_list("freelancer_id", flat=True).get(pk=bid_id)
    judge_may_begin(by, "offer", beside=[freelancer_id])
    bid = bids.offer_bid(bid_id=bid_id, by=by, version=version)
    posting, policy = bid.posting, policy_in_force()
    judge_other_side(bid.freelancer)
    review_days = policy.review_period_days if review_days is None else review_days
    least, most = policy.review_period_least_days, policy.review_period_most_days
    if not least <= review_days <= most:
        raise InvalidInput(
            f"The review period is between {least} and {most} days.", param="review_days"
        )
    if not 0 <= revisions <= MOST_REVISIONS:
        raise InvalidInput(
            f"Between 0 and {MOST_REVISIONS} revisions are included.", param="revisions"
        )
    _judge_terms(ownership, confidentiality_years)
    contract = Contract.objects.create(
        posting=posting,
        bid=bid,
        client=posting.client,
        freelancer=bid.freelancer,
        title=posting.title,
        currency=bid.currency,
        policy=policy,
        review_days=review_days,
        revisions=revisions,
        offer_lapses_at=now() + timedelta(days=policy.offer_validity_days),
    )
    wording = wording_of(
        contract, bid, ownership=ownership, confidentiality_years=confidentiality_years
    )
    body = canonical(wording)
    agreement = Agreement(contract=contract, body=body, sha256=digest(body))
    sign(agreement, CLIENT, Signature(_person(by), now(), confirmed_with))
    agreement.save(force_insert=True)

    record(contract, "contract_offered", by=by)
    text = Words(
        "You are offered “%(title)s”. Answer by %(due)s.",
        title=contract.title,
        due=contract.offer_lapses_at,
    )
    tell_other_side(contract, "contract_offered", text, by=by, about=contract.public_id)
    return contract


def _judge_terms(ownership: str, confidentiality_years: int) -> None:
    if ownership not in Ownership.values:
        kinds = ", ".join(Ownership.values)
        raise InvalidInput(f"Whose the result is, is one of {kinds}.", param="ownership")
    if not 0 <= confidentiality_years <= MOST_YEARS_OF_SILENCE:
        raise InvalidInput(
            f"Both keep silent for 0 to {MOST_YEARS_OF_SILENCE} years.",
            param="confidentiality_years",
        )


@transaction.atomic
def accept_offer(*, contract_id: int, by: Actor, confirmed_with: str = "") -> Contract:
    """Sign as the freelancer: the milestones come to life; the last award ends the posting.

    ``confirmed_with`` is how they showed at the door that it is they.
    """
    of_it = Contract.objects.values_list("posting_id", "client_id")
    posting_id, client_id = of_it.get(pk=contract_id)
    judge_may_begin(by, "sign", beside=[client_id])
    # The posting first, as whoever awards does: two who take their locks in turns wait in a circle.
    posting = postings.lock_posting(posting_id)
    contract = _advance(contract_id, "accept", by=by)
    judge_other_side(contract.client)
    moment = now()
    if posting.status == Posting.Status.SUSPENDED:
        raise WrongState(OFFER_STANDS_STILL)
    if contract.offer_lapses_at <= moment:
        raise WrongState("This offer has lapsed.")
    contract.accepted_at = moment
    contract.save(update_fields=["status", "accepted_at"])
    agreement = agreement_of(contract)
    sign(agreement, FREELANCER, Signature(_person(by), moment, confirmed_with))
    agreement.save()
    seal_agreement(agreement)
    bids.accept_bid(bid_id=contract.bid_id, by=by)
    settle_awards(posting_id=contract.posting_id)
    _plan_milestones(contract, json.loads(agreement.body))
    start_funding_time(contract)

    record(contract, "contract_accepted", by=by, sha256=agreement.sha256)
    text = Words(
        "“%(title)s” is agreed. Fund the first milestone so that the work can begin.",
        title=contract.title,
    )
    tell_other_side(contract, "contract_accepted", text, by=by)
    return contract


@transaction.atomic
def decline_offer(*, contract_id: int, reason: str, note: str = "", by: Actor) -> Contract:
    """Say no as the freelancer: nothing else changes, the bid may be awarded again.

    ``reason`` is one of ``FREELANCERS_REASONS``, with a sentence if they like; the client reads
    both. Raises InvalidInput for a reason that there is not, and for "other" without a sentence.
    """
    contract = _advance(contract_id, "decline", by=by)
    contract.declined_for, contract.status_reason = checked_reason(
        reason, note, among=FREELANCERS_REASONS
    )
    return _end_offer(contract, "decline", by=by)


@transaction.atomic
def withdraw_offer(*, contract_id: int, by: Actor, reason: str = "") -> Contract:
    """Take the offer back as the client, while it is not answered."""
    contract = _advance(contract_id, "withdraw", by=by)
    contract.status_reason = checked_text(reason, param="reason", longest=300)
    return _end_offer(contract, "withdraw", by=by)


@transaction.atomic
def lapse_offer(*, contract_id: int) -> Contract:
    """Write down that nobody answered in time. Safe to call too early, or again."""
    contract = _lock(contract_id)
    # Perhaps it was put off, or answered, after it was found; or its time stands still.
    is_due = contract.status == Contract.Status.OFFERED and contract.offer_lapses_at <= now()
    if not is_due or contract.stands_still:
        return contract
    LIFECYCLE.advance(contract, "lapse", role=SYSTEM)
    return _end_offer(contract, "lapse", by=SYSTEM)


@transaction.atomic
def close_finished_contract(*, contract_id: int) -> Contract:
    """End the contract once all its milestones have ended: completed, if any work was paid.

    Where what is left is not funded, the client's time to fund it starts. Rung when a milestone
    ends, and found by a sweep. Safe to call too early or again.
    """
    news = lock_news(contract_id)
    contract = _lock(contract_id)
    # Also where it ended before anybody was told that it was paid.
    if any(
        one.escrow.status not in {Escrow.Status.AWAITING, Escrow.Status.DROPPED} for one in news
    ):
        stop_funding_time(contract)
    contract = close_if_finished(contract)
    note_followed(news)
    return contract


@transaction.atomic
def close_if_finished(contract: Contract) -> Contract:
    """The same for a contract that the caller has locked, who may just have ended them all."""
    milestones = list(contract.milestones.select_related("escrow"))
    still_open = not milestones or any(m.closed_at is None for m in milestones)
    if contract.status != Contract.Status.ACTIVE:
        return contract
    if still_open:
        if milestones and contract.funding_due_at is None and not is_funded(contract):
            start_funding_time(contract)
        return contract
    stop_funding_time(contract)
    # A part may have been released of what was cancelled in the end.
    step = "complete" if any(m.escrow.released for m in milestones) else "cancel"
    LIFECYCLE.advance(contract, step, role=SYSTEM)
    contract.closed_at = now()
    contract.save(update_fields=["status", "closed_at"])

    kind = LIFECYCLE.steps[step].tells
    record(contract, kind, by=SYSTEM)
    tell_other_side(contract, kind, _ENDED[step].filled(title=contract.title), by=SYSTEM)
    return contract


def _end_offer(contract: Contract, step: str, *, by: Actor) -> Contract:
    contract.closed_at = now()
    contract.save(update_fields=["status", "declined_for", "status_reason", "closed_at"])
    bids.return_bid(bid_id=contract.bid_id, by=by)

    kind = LIFECYCLE.steps[step].tells
    record(contract, kind, by=by, reason=contract.reason_in_words)
    text = _ENDED[step].filled(title=contract.title)
    if contract.reason_in_words:
        text += contract.reason
    tell_other_side(contract, kind, text, by=by)
    return contract


def _person(by: Actor) -> User:
    assert isinstance(by, User)  # the lifecycles let only people sign
    return by


def _plan_milestones(contract: Contract, wording: dict[str, Any]) -> None:
    assert contract.accepted_at
    before, zone = 0, days_end_in(wording)
    for part in wording["milestones"]:
        plan_milestone(
            contract=contract,
            position=part["position"],
            title=part["title"],
            amount=part["amount"],
            due_at=after_days(contract.accepted_at, timedelta(days=part["days"]), zone),
            allowance=timedelta(days=max(1, part["days"] - before)),
            days_end_in=zone,
            criteria=part["criteria"],
        )
        before = part["days"]


def _lock(contract_id: int) -> Contract:
    """As every deed on a contract does, with its posting."""
    locked = Contract.objects.select_for_update(of=("self",), no_key=True)
    return locked.select_related("client", "freelancer", "policy", "posting").get(pk=contract_id)


def _advance(contract_id: int, step: str, *, by: Actor) -> Contract:
    """Lock the row first, judge it second: nothing can change in between."""
    contract = _lock(contract_id)
    LIFECYCLE.advance(contract, step, role=role_in(contract, by))
    return contract
