"""One dispute as a mediator reads and decides it."""

import json
from functools import partial
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from accounts.people.models import User
from marketplace.common.errors import InvalidInput, NotAllowed, WrongState
from marketplace.common.file_lists import shown_files
from marketplace.common.files import attachment
from marketplace.common.forms import AmountField
from marketplace.common.money import to_major
from payments.chargebacks.selectors import has_open_chargeback, look_for_open_chargebacks
from payments.escrow.selectors import held_in
from projects.agreements.selectors import files_offered, files_wanted
from projects.contracts.roles import Actor, role_in
from projects.contracts.sentences import sentence_of, who_of
from projects.disputes.confirming.models import ProposedRuling
from projects.disputes.confirming.selectors import (
    effect_now,
    why_not_answered_by,
    why_not_confirmed_by,
)
from projects.disputes.confirming.services import LONGEST_RETURN
from projects.disputes.grounds import Ground
from projects.disputes.models import JUDGED, Dispute
from projects.disputes.rules import open_steps
from projects.disputes.rulings.pronouncing.services import LONGEST_RULE
from projects.disputes.rulings.selectors import (
    expected_shares,
    had_a_hand,
    is_final,
    ruling_of,
    steps_for,
    waits_for_bank,
)
from projects.disputes.rulings.services import decide_dispute
from projects.disputes.selectors import (
    desk_disputes,
    effect_of,
    limit_of,
    needs_second,
    neighbours_of,
)
from projects.disputes.services import LONGEST_STATEMENT
from projects.disputes.templates.selectors import templates_for
from projects.evidence.proposed import ids_of, proposed_on
from projects.evidence.selectors import (
    agreement_for_staff,
    files_for,
    read_until,
    staff_may_read_messages,
    timeline_until,
)
from projects.milestones.amounts import checked_part
from projects.milestones.models import Milestone
from projects.milestones.selectors import deliveries_on
from projects.web.desk.assigning import assignment_on
from projects.web.desk.doors import for_staff
from projects.web.desk.templates import offered_templates, with_template
from projects.web.dispute_endings import ending_of
from projects.web.evidence import offer_of, shown_record
from projects.web.parts import PartForm, clean_part, clean_words, draw_part

# Where the files of a case are fetched.
_FILE = "desk-dispute-file"


class RulingForm(forms.Form):
    """Who gets what, and why."""

    to_freelancer = AmountField(
        label="Released to the freelancer",
        help_text="A part of the price: from nothing to all of it. The rest goes back.",
    )
    facts = forms.CharField(
        label="Facts found",
        max_length=LONGEST_STATEMENT,
        widget=forms.Textarea({"rows": 5}),
        help_text="Both sides read this. Name the criteria that were met, and those that were not.",
    )
    rule = forms.CharField(
        label="Rule applied",
        max_length=LONGEST_RULE,
        help_text="One line: what was agreed, or a published rule.",
    )
    ground = forms.ChoiceField(
        label="Of this kind",
        choices=[("", "Choose the rule"), *Ground.choices],
        help_text="The public register of decisions says this, and nothing that you write.",
        error_messages={"required": "Choose the rule: the public register says which it was."},
    )
    reasons = forms.CharField(
        label="Reasons",
        max_length=LONGEST_STATEMENT,
        widget=forms.Textarea({"rows": 5}),
        help_text="Why these facts under this rule lead to this division.",
    )

    def __init__(self, *args: Any, dispute: Dispute, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.milestone = dispute.milestone
        url = reverse("desk-dispute-rulings", args=[dispute.public_id])
        draw_part(self.fields["to_freelancer"], dispute.milestone, url=url, into="#effect")

    def clean_to_freelancer(self) -> int | None:
        return clean_part(self, "to_freelancer", self.milestone)

    def clean_facts(self) -> str:
        return clean_words(self, "facts")

    def clean_reasons(self) -> str:
        return clean_words(self, "reasons")


@require_safe
@for_staff
def show_case(request: HttpRequest, public_id: str) -> HttpResponse:
    dispute = get_object_or_404(desk_disputes(request.user), public_id=public_id)
    initial = {"to_freelancer": to_major(dispute.asked_for, dispute.milestone.currency)}
    if chosen := request.GET.get("template"):
        get_object_or_404(templates_for(request.user), public_id=chosen)
        initial = with_template(request, initial, chosen)
    return _page(request, dispute, RulingForm(dispute=dispute, initial=initial))


@require_POST
@for_staff
def create_ruling(request: HttpRequest, public_id: str) -> HttpResponse:
    """Decide; or, with ``preview``, only show what a decision would do, or, with ``insert``, only
    fill in what a template says.
    """
    dispute = get_object_or_404(desk_disputes(request.user), public_id=public_id)
    if "insert" in request.POST:
        typed = with_template(request, request.POST.dict(), request.POST.get("template", ""))
        return _page(request, dispute, RulingForm(dispute=dispute, initial=typed))
    if "preview" in request.POST:
        form = RulingForm(dispute=dispute, initial=request.POST.dict())
        if request.htmx:
            milestone = dispute.milestone
            held = held_in(milestone.escrow)
            return render(request, "desk/_effect.html", _effect(milestone, form, held))
        return _page(request, dispute, form)
    form = RulingForm(request.POST, dispute=dispute)
    if not form.is_valid():
        return _page(request, dispute, form, status=400)
    try:
        dispute = decide_dispute(dispute_id=dispute.pk, by=request.user, **form.cleaned_data)
    except (InvalidInput, NotAllowed, WrongState) as refusal:
        form.add_error(refusal.param if refusal.param in form.fields else None, refusal.message)
        dispute = desk_disputes(request.user).get(pk=dispute.pk)
        return _page(request, dispute, form, status=refusal.status)
    waits = dispute.status in JUDGED
    words = (
        "Your decision waits for another mediator, who has been told. Neither side has."
        if waits
        else "The dispute is decided. Both sides have been told."
    )
    messages.success(request, words)
    return redirect("desk-dispute", dispute.public_id)


@require_safe
@for_staff
def show_file(request: HttpRequest, public_id: str, file_id: str) -> HttpResponseBase:
    """A file that was delivered, came with what was signed, or is on record."""
    dispute = get_object_or_404(desk_disputes(request.user), public_id=public_id)
    return attachment(get_object_or_404(files_for(dispute), public_id=file_id))


def _page(
    request: HttpRequest, dispute: Dispute, form: RulingForm, status: int = 200
) -> HttpResponse:
    milestone = dispute.milestone
    contract = milestone.contract
    agreement = agreement_for_staff(dispute)
    put_forward = proposed_on(dispute, until=read_until(dispute))
    # Asked once; all below is told by it.
    held = held_in(milestone.escrow)
    look_for_open_chargebacks([milestone.escrow])
    steps = steps_for(dispute, request.user)
    before, after = neighbours_of(dispute, desk_disputes(request.user))
    is_contested = dispute.is_open and has_open_chargeback(milestone.escrow)
    context = {
        "dispute": dispute,
        "is_case": True,
        "case_before": before,
        "case_next": after,
        "milestone": milestone,
        "contract": contract,
        "agreement": agreement,
        "terms": json.loads(agreement.body),
        "offered_files": shown_files(files_offered(agreement), _FILE, dispute.public_id),
        "wanted_files": shown_files(files_wanted(agreement), _FILE, dispute.public_id),
        "submissions": _submissions(dispute),
        "record": shown_record(dispute, file_route=_FILE),
        "evidence": offer_of(
            dispute,
            route="desk-evidence",
            with_messages=staff_may_read_messages(dispute),
            agreement=agreement,
        ),
        "put_forward": put_forward,
        "timeline": _timeline(dispute, ids_of(put_forward)),
        **ending_of(dispute, held=held),
        "ruling": ruling_of(dispute),
        "expected": expected_shares(dispute, held=held),
        "had_a_hand": had_a_hand(dispute, request.user),
        "is_final": is_final(dispute),
        "is_contested": is_contested,
        "waits_for_bank": is_contested and waits_for_bank(dispute, is_contested=is_contested),
        "steps": steps,
        "limit": limit_of(dispute),
        "needs_second": needs_second(dispute, held=held),
        "templates": offered_templates(request) if "decide" in steps else [],
        "is_typed": bool(request.POST),
        "form": form,
        "nav": "desk",
    }
    context |= assignment_on(dispute, request, steps, held=held)
    if not context["may_take"]:  # who is kept for an appeal does not decide before it either
        context["steps"] = [step for step in steps if step != "decide"]
    context |= _effect(milestone, form, held)
    context |= _confirming(dispute, request.user, held, able=context["able"])
    return render(request, "desk/case.html", context, status=status)


def _effect(milestone: Milestone, form: RulingForm, held: int) -> dict[str, Any]:
    """What the amount that stands in the form would do with what is held, to the minor unit."""
    judge = partial(checked_part, held=held)
    decided = PartForm(form["to_freelancer"].value(), milestone=milestone, judge=judge)
    amount = decided.amount
    return {
        "milestone": milestone,
        "contract": milestone.contract,
        "part": amount,
        "refusal": decided.refusal,
        "effect": None if amount is None else effect_of(milestone, amount, held=held),
    }


def _confirming(dispute: Dispute, reader: Actor, held: int, *, able: list[User]) -> dict[str, Any]:
    """The decision that waits for a second mediator, and those that none has confirmed. ``able``
    are those who may decide it, where the reader may.
    """
    steps = open_steps(dispute, role_in(dispute.milestone.contract, reader))
    proposed = dispute.waiting_ruling
    ended = (ProposedRuling.Status.RETURNED, ProposedRuling.Status.LAPSED)
    context: dict[str, Any] = {
        "returned": [one for one in dispute.proposed_rulings.all() if one.state in ended]
    }
    if proposed is None:
        return context
    is_theirs = "decide" in steps
    known: dict[str, Any] = {"able": able, "held": held}
    refusal = why_not_confirmed_by(proposed, reader, **known) if is_theirs else ""
    return context | {
        "proposed": proposed,
        "proposed_effect": effect_now(proposed, held=held),
        "confirm_refusal": refusal,
        "may_confirm": is_theirs and not refusal,
        "may_return": is_theirs and not why_not_answered_by(proposed, reader, **known),
        "longest_return": LONGEST_RETURN,
    }


def _submissions(dispute: Dispute) -> list[dict[str, Any]]:
    """The deliveries, the newest first, each with files that the staff may read."""
    return [
        {
            "submission": submission,
            "files": shown_files(submission.files.all(), _FILE, dispute.public_id),
        }
        for submission in deliveries_on(dispute.milestone).reverse()
    ]


def _timeline(dispute: Dispute, proposed: set[str]) -> list[dict[str, Any]]:
    """What happened on the contract, in the words of its own page; also to what was ``proposed``
    (by public ids), and else up to the end of the dispute.
    """
    contract = dispute.milestone.contract
    names = {"client": contract.client.name, "freelancer": contract.freelancer.name}
    return [
        {"at": event.created_at, "who": who_of(event, **names), "what": sentence_of(event)}
        for event in timeline_until(dispute, read_until(dispute), own=proposed)
    ]
