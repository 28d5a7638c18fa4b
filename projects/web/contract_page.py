"""What the page of a contract shows, for whoever draws it whole or in part."""

import json
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from django.http import HttpRequest
from django.urls import reverse

from marketplace.common.clock import after_days, now
from marketplace.common.file_lists import shown_files
from marketplace.common.lifecycle import CLIENT, FREELANCER
from payments.escrow.facts import MoneyFacts, facts_of_each
from payments.payees.selectors import country_of, is_ready
from payments.policies.fees import quote
from payments.policies.words import percent
from projects.agreements.changes.selectors import changes_of
from projects.agreements.outlook import Prospects, Strike, prospects_of
from projects.agreements.selectors import files_offered, files_signed, open_steps
from projects.agreements.terms import days_end_in
from projects.agreements.turn import Turn
from projects.agreements.turns import turn_of
from projects.bonuses.selectors import seen_on
from projects.contracts.models import Contract, Event
from projects.contracts.roles import role_in
from projects.contracts.selectors import agreement_of, page_of, timeline_of
from projects.contracts.sentences import sentence_of, who_of
from projects.givebacks.selectors import givebacks_on, returnable
from projects.holds.selectors import standstill_on
from projects.messages.selectors import unread_of_each
from projects.milestones.models import Milestone
from projects.milestones.rules import due_if_held, due_of
from projects.web.change_cards import shown_change, shown_rounds
from projects.web.milestone_cards import Button, button_of, cards_of
from projects.web.simulations import try_url

S = Milestone.Status
# The page shows the newest lines; the rest is a page of its own.
LATEST = 12
# Of changes that were proposed before; each has a whole difference.
LATEST_CHANGES = 5
# Of all clocks of all milestones, the nearest.
NEAREST = 6


def context_of(request: HttpRequest, contract: Contract) -> dict[str, Any]:
    """Everything that the page shows, in a number of queries that does not grow."""
    role = str(role_in(contract, request.user))
    prospects = prospects_of(contract)
    turn, agreement = turn_of(prospects, role), agreement_of(contract)
    events = list(timeline_of(contract).reverse()[: LATEST + 1])
    offered = contract.status == Contract.Status.OFFERED
    can = open_steps(contract, role, may_leave=prospects.leaving_of(role) is not None)
    may_change = "propose_change" in can and not prospects.change
    if cause := cause_of(contract):
        turn = replace(turn, text=f"{cause} {turn.text}")
    return {
        "contract": contract,
        "standstill": standstill_on(prospects, role),
        "role": role,
        "is_client": role == CLIENT,
        "prospects": prospects,
        "agreement": agreement,
        "turn": turn,
        "turn_buttons": buttons_of(turn, contract, role),
        "can": can,
        "change": shown_change(prospects.change, role) if prospects.change else None,
        **rounds_of(request, prospects),
        "cards": cards_of(prospects.milestones, role, turn=turn.milestone, may_change=may_change),
        "strikes": strikes_of(prospects, role),
        "silence": prospects.silence,
        "bar": bar_of(prospects.total),
        "client_fee": percent(contract.policy.client_fee_basis_points),
        "freelancer_fee": percent(contract.policy.freelancer_fee_basis_points),
        "plan": None if prospects.milestones else plan_of(contract, json.loads(agreement.body)),
        "is_offered": offered,
        "files": shown_files(files_offered(agreement), "bid-file", contract.bid.public_id),
        "posting_files": shown_files(files_signed(agreement), "contract-file", contract.public_id),
        "bonuses": list(seen_on(contract, role)[:LATEST]),
        "bonuses_with_a_bank": [
            bonus.pk for bonus, payment in prospects.bonuses if payment and payment.sent_at
        ],
        "givebacks": list(givebacks_on(contract)[:LATEST]),
        "can_give_back": returnable(contract).exists(),
        "events": lines_of(contract, events[:LATEST]),
        "has_older_events": len(events) > LATEST,
        "must_set_up_payouts": (
            role == FREELANCER
            and prospects.total.received > 0
            and not is_ready(contract.freelancer)
        ),
        "unread_messages": unread_of_each([contract.bid_id], request.user).get(contract.bid_id, 0),
        "nav": "work",
    }


def rounds_of(request: HttpRequest, prospects: Prospects) -> dict[str, Any]:
    """The changes that were proposed before, the newest first: all but the one that waits."""
    found = changes_of(request.user).filter(contract=prospects.contract)
    if prospects.change:
        found = found.exclude(pk=prospects.change.pk)
    orders = list(found[: LATEST_CHANGES + 1])
    titles = {one.milestone.position: one.milestone.title for one in prospects.milestones}
    return {
        "rounds": shown_rounds(orders[:LATEST_CHANGES], titles),
        "has_older_rounds": len(orders) > LATEST_CHANGES,
    }


# What ends a contract before its work is done; the last of it did.
_ENDING = {"contract_left", "change_accepted"}
_CANCELLING = _ENDING | {
    "milestone_cancelled",
    "milestone_refunded",
    "ending_accepted",
    "dispute_decided",
    "dispute_settled",
}


def cause_of(contract: Contract) -> str:
    """Why it ended, and who did that, as the timeline has it; nothing where its work is done."""
    is_done = contract.status == Contract.Status.COMPLETED
    if not is_done and contract.status != Contract.Status.CANCELLED:
        return ""
    kinds = {*_CANCELLING, "milestone_released"} if is_done else _CANCELLING
    last = timeline_of(contract).filter(kind__in=kinds).last()
    if last is None or (is_done and last.kind not in _ENDING):
        return ""
    line = lines_of(contract, [last])[0]
    return f"{line['who']}: {line['sentence'].text}."


def buttons_of(turn: Turn, contract: Contract, role: str) -> list[Button]:
    """The buttons of the next step, as they also stand on the milestone's card of this side."""
    if turn.about:
        return _buttons_about(turn, contract)
    if turn.step == "leave":
        url = reverse("contract-leave", args=[contract.public_id])
        return [Button("leave", "See what would end", url, "primary", "x")]
    prospect = turn.prospect
    if prospect is None or not turn.step:
        return []
    steps = (turn.step, "return") if turn.step == "release" else (turn.step,)
    return [button_of(prospect, step) for step in steps if step in prospect.open_to(role)]


def _buttons_about(turn: Turn, contract: Contract) -> list[Button]:
    """What is to be answered is read first; a bonus is only to be paid."""
    look = "quiet" if turn.waits else "primary"
    if turn.step == "dispute":
        url = reverse("dispute", args=[turn.about])
        return [Button("dispute", "Read the case", url, look, "scale")]
    if turn.step == "give_bonus":
        url = reverse("bonus-pay", args=[turn.about])
        return [Button("give_bonus", "Continue to pay", url, look, "lock", is_deed=True)]
    label, icon = ("Read the proposal", "handshake") if turn.prospect else ("See it", "undo-2")
    return [Button(turn.step, label, f"{page_of(contract)}#{turn.about}", look, icon)]


def strikes_of(prospects: Prospects, role: str) -> list[tuple[Milestone | None, Strike]]:
    """What time will do, the nearest first; clocks that have struck stand before those to come, and
    leave them half of the room.
    """
    found: list[tuple[Milestone | None, Strike]] = [
        (None, strike) for strike in prospects.strikes_for(role)
    ]
    for prospect in prospects.milestones:
        found += [(prospect.milestone, s) for s in prospect.outlook.strikes if s.at is not None]
    found.sort(key=lambda pair: pair[1].at or prospects.contract.created_at)
    coming = [pair for pair in found if pair[1].at and pair[1].at > now()]
    struck = found[: len(found) - len(coming)]
    return [*struck[: NEAREST - min(len(coming), NEAREST // 2)], *coming][:NEAREST]


def bar_of(total: MoneyFacts) -> list[dict[str, Any]]:
    """What the client's money is doing, as the parts of a bar 1,000 wide; they fill it."""
    parts = [
        ("part-a", "Released", total.spent),
        ("part-c", "Held", total.held),
        ("part-b", "Refunded", total.refunded),
        ("track", "Not funded", total.to_fund),
    ]
    bar, x = [], 0.0
    for look, label, amount in parts:
        width = 1000 * amount / max(total.payer_pays - total.dropped, 1)
        if amount:
            bar.append({"look": look, "label": label, "amount": amount, "x": x, "width": width})
        x += width
    return bar


def plan_of(
    contract: Contract, wording: dict[str, Any], milestones: Iterable[Milestone] = ()
) -> dict[str, Any]:
    """The milestones of an agreement as its wording plans them, each with both nets, and with the
    date that holds as things are: if it is signed and funded today, or funded today, or as it runs.
    No date where it can be signed no longer.

    ``milestones`` are those that are made of it, where no newer wording has changed them.
    """
    rules = {
        "currency": contract.currency,
        "review_days": contract.review_days,
        "policy": contract.policy,
        "country": country_of(contract.freelancer_id),
    }
    zone, ends_now = days_end_in(wording), _ends_now(milestones)
    can_be_signed = "accept" in open_steps(contract, FREELANCER)
    parts = [
        part
        | {"quote": quote([part["amount"]], contract.policy)}
        | (
            {"due_at": datetime.fromisoformat(part["due_at"])}
            if "due_at" in part
            else {"try_it": try_url(part, **rules)}
        )
        | (ends_of(part, zone) if can_be_signed else ends_now.get(part["position"], {}))
        for part in wording["milestones"]
    ]
    amounts = [part["amount"] for part in parts]
    return {"parts": parts, "total": quote(amounts, contract.policy)}


def ends_of(part: dict[str, Any], zone: str) -> dict[str, Any]:
    """When a part of a plan that nobody has signed would end, its days by the clock of this zone;
    nothing in the form of a wording that names none.
    """
    if not zone:
        return {}
    ends_at = after_days(now(), timedelta(days=part["days"]), zone)
    return {"ends_at": ends_at, "ends_if": "If accepted and funded today"}


def _ends_now(milestones: Iterable[Milestone]) -> dict[int, dict[str, Any]]:
    """The same of what is to be worked on, by its position: a money that comes late moves it."""
    at_work = [one for one in milestones if one.status in {S.PLANNED, S.RETURNED}]
    facts = facts_of_each(one.escrow for one in at_work)
    return {
        one.position: {"ends_at": due_of(one), "ends_if": "Now due"}
        if facts[one.escrow_id].is_fully_held
        else {"ends_at": due_if_held(one, now()), "ends_if": "If funded today"}
        for one in at_work
    }


def lines_of(contract: Contract, events: list[Event]) -> list[dict[str, Any]]:
    """The timeline as it is read: sentence, who, when."""
    names = {"client": contract.client.name, "freelancer": contract.freelancer.name}
    return [
        {"event": event, "sentence": sentence_of(event), "who": who_of(event, **names)}
        for event in events
    ]
