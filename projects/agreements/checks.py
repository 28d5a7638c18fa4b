"""Proof that what both sides agreed on is what happened: what is wrong, as sentences."""

import json
from collections.abc import Iterator
from typing import Any

from django.contrib.postgres.aggregates import ArrayAgg
from django.db.models import F, OuterRef, Prefetch, Q, Subquery

from marketplace.common.clock import now
from marketplace.common.sweeps import SWEPT_WITHIN
from payments.escrow.selectors import last_released
from projects.agreements.changes.models import ChangeOrder
from projects.agreements.models import Proposal
from projects.contracts.models import Agreement, Contract
from projects.milestones.models import Milestone

S = Milestone.Status


def agreed_endings_are_what_was_paid() -> list[str]:
    """An accepted part is what the escrow released, and the milestone's end says the same."""
    right = (
        Q(into=None, to_freelancer=0, milestone__status=S.CANCELLED)
        | Q(into=None, to_freelancer__gt=0, milestone__status=S.SPLIT)
        | Q(
            milestone__status=S.RELEASED,
            milestone__escrow__rolled_out__price=F("rolled"),
            milestone__escrow__rolled_out__target=F("into__escrow"),
        )
    )
    accepted = Proposal.objects.filter(status=Proposal.Status.ACCEPTED)
    wrong = accepted.annotate(last=last_released("milestone__escrow")).exclude(
        right, last=F("to_freelancer")
    )
    return [
        f"{proposal.public_id} was accepted otherwise than its milestone ended."
        for proposal in wrong.order_by("pk").iterator()
    ]


def agreed_ends_are_what_was_paid() -> list[str]:
    """A contract that both have ended has ended, and each milestone as both accepted."""
    milestones = Milestone.objects.annotate(last=last_released("escrow"))
    orders = ChangeOrder.objects.filter(
        status=ChangeOrder.Status.ACCEPTED, changes__0__end__isnull=False
    ).prefetch_related(Prefetch("contract__milestones", milestones))
    return [
        f"{order.public_id} was accepted otherwise than its contract ended."
        for order in orders.select_related("contract").order_by("pk").iterator(chunk_size=1_000)
        if not _has_ended_so(order)
    ]


def _has_ended_so(order: ChangeOrder) -> bool:
    known = {one.position: one for one in order.contract.milestones.all()}
    return order.contract.closed_at is not None and all(
        _is_paid_out(known[change["position"]], change["end"]["to_freelancer"])
        for change in order.changes
    )


def _is_paid_out(milestone: Any, to_freelancer: int) -> bool:
    states = {S.SPLIT, S.RELEASED} if to_freelancer else {S.CANCELLED}
    return milestone.status in states and milestone.last == to_freelancer


def overdue_proposals_have_lapsed() -> list[str]:
    """One open for weeks after its time, or after its milestone, is a sweep that stands."""
    long_ago = now() - SWEPT_WITHIN
    overdue = Proposal.objects.filter(
        Q(answer_due_at__lt=long_ago) | Q(milestone__closed_at__lt=long_ago),
        status=Proposal.Status.PROPOSED,
    )
    return [
        f"{proposal.public_id} has been over for weeks and is still open."
        for proposal in overdue.order_by("pk").iterator()
    ]


def contracts_go_by_the_rules_that_were_signed() -> list[str]:
    """Nothing moves a contract, or its money, to other rules than each of its wordings names."""
    findings = []
    agreements = Agreement.objects.select_related("contract__policy").order_by("pk")
    for one in agreements.iterator(chunk_size=1_000):
        contract, wording = one.contract, json.loads(one.body)
        signed = (
            wording["policy"]["version"],
            wording["review_days"],
            # The oldest wordings said nothing of them.
            wording.get("revisions"),
        )
        stands = (contract.policy.version, contract.review_days, contract.revisions)
        if stands != signed:
            findings.append(
                f"{contract.public_id} goes by {_in_words(*stands)}; {_in_words(*signed)} was "
                f"signed in version {one.version} of its agreement."
            )
    others = Milestone.objects.exclude(escrow__policy=F("contract__policy"))
    return findings + [
        f"{one.public_id} has its money under version {one.escrow.policy.version} of the policy, "
        f"and its contract goes by version {one.contract.policy.version}."
        for one in others.select_related("escrow__policy", "contract__policy")
        .order_by("pk")
        .iterator(chunk_size=1_000)
    ]


def _in_words(version: int, review_days: int, revisions: int | None) -> str:
    asked = "no number of" if revisions is None else revisions
    return f"version {version} of the policy, {review_days} days of review, {asked} revisions"


def amounts_are_those_that_were_signed() -> list[str]:
    """Each milestone's amount is that of the newest wording, and of the money's own row."""
    findings = []
    for one, part in _milestones_as_signed():
        # What was dropped by a change is in the newest wording no more.
        is_dropped = one.status == S.CANCELLED and part is None
        signed = part["amount"] if part else None
        if not one.amount == one.escrow.amount == (one.amount if is_dropped else signed):
            findings.append(
                f"{one.public_id} is about {one.amount}, its money about {one.escrow.amount}; "
                f"{signed} was signed."
            )
    return findings


def criteria_and_revisions_are_those_that_were_signed() -> list[str]:
    """What a delivery is judged by, and how often changes are asked for, as the newest wording says
    of each milestone that is in it.
    """
    return [
        f"{one.public_id} has other criteria or revisions than were signed."
        for one, part in _milestones_as_signed()
        if part
        and (one.criteria, one.revisions_agreed)
        != (part.get("criteria", []), part.get("revisions"))
    ]


def _milestones_as_signed() -> Iterator[tuple[Any, dict[str, Any] | None]]:
    """Every milestone with its part of the newest wording, None where that has none of it."""
    newest = Agreement.objects.filter(contract=OuterRef("contract")).order_by("-version")
    milestones = Milestone.objects.select_related("escrow").annotate(
        wording=Subquery(newest.values("body")[:1])
    )
    for one in milestones.order_by("pk").iterator(chunk_size=1_000):
        parts = json.loads(one.wording)["milestones"]
        yield one, next((part for part in parts if part["position"] == one.position), None)


def milestones_stand_as_they_were_signed() -> list[str]:
    """The milestones of a contract stand in the order of its newest wording, one in each place."""
    newest = Agreement.objects.filter(contract=OuterRef("pk")).order_by("-version")
    contracts = Contract.objects.filter(milestones__isnull=False).annotate(
        wording=Subquery(newest.values("body")[:1]),
        places=ArrayAgg("milestones__place", order_by="milestones__place"),
        standing=ArrayAgg("milestones__position", order_by="milestones__place"),
    )
    findings = []
    for one in contracts.order_by("pk").iterator(chunk_size=1_000):
        signed = [part["position"] for part in json.loads(one.wording)["milestones"]]
        every_place = list(range(1, len(one.places) + 1))
        if one.standing[: len(signed)] != signed or one.places != every_place:
            findings.append(
                f"{one.public_id} has its milestones in the order {one.standing}; {signed} was "
                "signed."
            )
    return findings


def overdue_changes_have_lapsed() -> list[str]:
    """One open for weeks after its time, or after its contract, is a sweep that stands."""
    long_ago = now() - SWEPT_WITHIN
    overdue = ChangeOrder.objects.filter(
        Q(answer_due_at__lt=long_ago) | Q(contract__closed_at__lt=long_ago),
        status=ChangeOrder.Status.PROPOSED,
    )
    return [
        f"{order.public_id} has been over for weeks and is still open."
        for order in overdue.order_by("pk").iterator()
    ]


CHECKS = [
    overdue_changes_have_lapsed,
    contracts_go_by_the_rules_that_were_signed,
    amounts_are_those_that_were_signed,
    criteria_and_revisions_are_those_that_were_signed,
    milestones_stand_as_they_were_signed,
    agreed_endings_are_what_was_paid,
    agreed_ends_are_what_was_paid,
    overdue_proposals_have_lapsed,
]
