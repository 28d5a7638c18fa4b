"""Pages about ending a milestone by consent: propose it, and answer."""

from collections.abc import Callable
from functools import partial
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from accounts.access.confirming import confirm_by_password
from marketplace.common.answers import judge_answer
from marketplace.common.forms import AmountField, PasswordField
from marketplace.common.http import refusals_on
from marketplace.common.text import checked_text
from payments.escrow.facts import facts_now
from payments.escrow.selectors import held_in
from projects.agreements.models import LIFECYCLE, Proposal
from projects.agreements.proposals import services
from projects.agreements.proposals.words import money_in_words
from projects.agreements.rules import judge_room
from projects.agreements.selectors import proposals_of, standing_proposal
from projects.contracts.roles import role_in
from projects.disputes.selectors import effect_of
from projects.milestones.amounts import checked_ending
from projects.milestones.models import Milestone
from projects.milestones.rolling import checked_roll, limit_of_roll, targets_of
from projects.milestones.rules import judge_step
from projects.milestones.selectors import milestones_of
from projects.web.contracts import answer_contract
from projects.web.parts import Judge, PartForm, clean_part, draw_part
from projects.web.signing import WHY_IT_IS_ASKED, sign_page


class ProposalForm(forms.Form):
    """How the price is divided; where nothing is held, there is nothing to divide."""

    into = forms.ChoiceField(
        label="The rest of what is held",
        required=False,
        help_text="Into another milestone: that one is agreed at so much more, and this one ends "
        "released. Both then sign the next version of the agreement.",
    )
    to_freelancer = AmountField(
        label="Released to the freelancer",
        help_text="A part of the price, before fees; 0 where everything goes back.",
    )
    note = forms.CharField(
        label="Note",
        required=False,
        max_length=services.LONGEST_NOTE,
        widget=forms.Textarea({"rows": 5}),
        help_text="Why you propose it. The other side reads it, and whoever decides a dispute.",
    )

    password = PasswordField(
        required=False,
        help_text=f"{WHY_IT_IS_ASKED} Only needed where the rest goes into another milestone.",
    )

    field_order = ["into", "to_freelancer", "note", "password"]

    def __init__(self, *args: Any, milestone: Milestone, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.milestone = milestone
        self.targets = {one.public_id: one for one in targets_of(milestone)}
        if held_in(milestone.escrow) > 0:
            url = reverse("proposal-create", args=[milestone.public_id])
            draw_part(self.fields["to_freelancer"], milestone, url=url, into="#ending")
        else:
            del self.fields["to_freelancer"]
        if self.targets and "to_freelancer" in self.fields:
            names = [(name, f"goes into “{one.title}”") for name, one in self.targets.items()]
            back = f"goes back to {milestone.contract.client.name}"
            self.fields["into"].choices = [("", back), *names]
        else:
            del self.fields["into"], self.fields["password"]

    def clean_into(self) -> Milestone | None:
        return self.targets.get(self.cleaned_data["into"])

    def clean_to_freelancer(self) -> int | None:
        judge = judge_of(self.cleaned_data.get("into"))
        return clean_part(self, "to_freelancer", self.milestone, judge=judge)

    def clean_note(self) -> str:
        with refusals_on(self):
            note = self.cleaned_data["note"]
            return checked_text(note, param="note", longest=services.LONGEST_NOTE)
        return ""


@require_http_methods(["GET", "HEAD", "POST"])
def create_proposal(request: HttpRequest, public_id: str) -> HttpResponse:
    """Propose; or, with ``preview``, only show what it would do."""
    milestone = get_object_or_404(milestones_of(request.user), public_id=public_id)
    judge_step(milestone, "propose_ending", role_in(milestone.contract, request.user))
    judge_room(standing_proposal(milestone), role_in(milestone.contract, request.user))
    if request.method != "POST" or "preview" in request.POST:
        form = ProposalForm(milestone=milestone, initial={"to_freelancer": 0} | request.POST.dict())
        return _draft(request, milestone, form)
    form = ProposalForm(request.POST, milestone=milestone)
    if not form.is_valid():
        return _draft(request, milestone, form, status=400)
    terms = {"to_freelancer": 0} | form.cleaned_data
    into = terms.pop("into", None)
    terms["into_id"] = into.pk if into else None
    password = terms.pop("password", "")
    if into:
        with refusals_on(form):
            terms["confirmed_with"] = confirm_by_password(request.user, password)
    if form.errors:
        return _draft(request, milestone, form, status=400)
    # What stands by now is on the page again: nobody answers what they have not seen.
    with refusals_on(form):
        services.propose_ending(
            milestone_id=milestone.pk,
            by=request.user,
            counters=request.POST.get("counters", ""),
            **terms,
        )
    if form.errors:
        return _draft(request, milestone, form, status=409)
    messages.success(request, "Proposed. The other side has been told.")
    return redirect(_place_of(milestone))


@require_http_methods(["GET", "HEAD", "POST"])
def create_acceptance(request: HttpRequest, public_id: str) -> HttpResponse:
    """Agree: at once, or on a page where the next version of the agreement is signed."""
    proposal = get_object_or_404(proposals_of(request.user), public_id=public_id)
    said = "Accepted. It has ended."
    contract = proposal.milestone.contract
    if proposal.into_id is None and request.method == "POST":
        return _answer(request, public_id, services.accept_proposal, said)
    role = str(role_in(contract, request.user))
    judge_answer(LIFECYCLE, proposal, "accept", role)
    page = reverse("contract", args=[contract.public_id])
    if proposal.into_id is None:
        return redirect(f"{page}#{proposal.public_id}")
    return sign_page(
        request,
        "agreements/sign_roll.html",
        {"contract": contract, "proposal": proposal, "money": money_in_words(proposal, role)},
        deed=partial(services.accept_proposal, proposal_id=proposal.pk),
        page=page,
        said=said,
    )


@require_POST
def create_decline(request: HttpRequest, public_id: str) -> HttpResponse:
    return _answer(request, public_id, services.decline_proposal, "Declined. Nothing has changed.")


@require_POST
def create_withdrawal(request: HttpRequest, public_id: str) -> HttpResponse:
    return _answer(request, public_id, services.withdraw_proposal, "Withdrawn.")


def _answer(
    request: HttpRequest, public_id: str, deed: Callable[..., Any], said: str
) -> HttpResponse:
    proposal = get_object_or_404(proposals_of(request.user), public_id=public_id)
    place = _place_of(proposal.milestone)
    deed(proposal_id=proposal.pk, by=request.user)
    if request.htmx:
        return answer_contract(request, proposal.milestone.contract, said)
    messages.success(request, said)
    return redirect(place)


def _place_of(milestone: Milestone) -> str:
    """Where its proposals stand: with its dispute, as long as there is one."""
    if milestone.status == Milestone.Status.DISPUTED:
        return f"{milestone.disputes.latest('created_at').path}#settling"
    page = reverse("contract", args=[milestone.contract.public_id])
    return f"{page}#{milestone.public_id}"


def judge_of(into: Milestone | None) -> Judge:
    """Which parts can be meant: with the rest back, or into that milestone."""
    if into is None:
        return checked_ending

    def judge(part: object, milestone: Milestone, *, param: str) -> int:
        return (
            milestone.amount
            - milestone.escrow.released
            - checked_roll(part, milestone, into, param=param).price
        )

    return judge


def _draft(
    request: HttpRequest, milestone: Milestone, form: ProposalForm, status: int = 200
) -> HttpResponse:
    is_held = held_in(milestone.escrow) > 0
    text = form["to_freelancer"].value() if is_held else "0"
    into = form.targets.get(form["into"].value() or "") if "into" in form.fields else None
    part = PartForm(text, milestone=milestone, judge=judge_of(into))
    amount = part.amount
    rest = None
    if amount is not None and into is not None:
        rest = checked_roll(amount, milestone, into, param="to_freelancer")
    standing = standing_proposal(milestone)
    is_open = standing is not None and standing.state == Proposal.Status.PROPOSED
    context = {
        "milestone": milestone,
        "contract": milestone.contract,
        "countered": standing if is_open else None,
        "facts": facts_now(milestone.escrow),
        "form": form,
        "is_held": is_held,
        "refusal": part.refusal,
        "into": into,
        "rest": rest,
        "limit": limit_of_roll(milestone, into) if into else None,
        "grown": into.amount + rest.price if into and rest else None,
        "effect": effect_of(milestone, amount) if is_held and amount is not None else None,
        "nav": "work",
    }
    if request.htmx and "preview" in request.POST:
        return render(request, "agreements/_ending.html", context)
    return render(request, "agreements/propose.html", context, status=status)
