"""Pages about ending a whole contract: propose it, answer an ending with another, or leave."""

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from accounts.access.confirming import confirm_by_password
from accounts.people.selectors import signed_in
from marketplace.common.errors import DomainError, InvalidInput, WrongState
from marketplace.common.etags import etag_of
from marketplace.common.forms import AmountField, clean_amount
from marketplace.common.lifecycle import CLIENT
from marketplace.common.money import to_major
from payments.escrow.division import price_held
from payments.escrow.facts import facts_of_each
from projects.agreements.changes.asking.services import propose_ending
from projects.agreements.changes.models import ChangeOrder
from projects.agreements.changes.planning import Wish, planned_changes
from projects.agreements.changes.selectors import standing_on
from projects.agreements.leaving.rules import judged_leaving
from projects.agreements.leaving.services import leave_contract
from projects.contracts.models import LIFECYCLE, Contract
from projects.contracts.roles import role_in
from projects.contracts.selectors import contracts_of
from projects.holds.handing.services import hand_over_by_agreement, hand_over_by_leaving
from projects.milestones.models import Milestone
from projects.milestones.selectors import milestones_of
from projects.web.change_cards import shown_change, shown_end
from projects.web.change_forms import SeenForm

Deed = Callable[..., ChangeOrder]

_DRAFTED = " A draft of a posting with what is left is among your postings."


class EndingForm(SeenForm):
    """For each open milestone with money what part of the price goes to the freelancer."""

    hand_over = forms.BooleanField(
        required=False,
        label="Hand it over: also draft a posting with what is left, to hire somebody else",
        help_text="The draft is among your postings at once, and yours alone until you publish it.",
    )

    def __init__(self, data: Any = None, *, contract: Contract, may_hand_over: bool) -> None:
        found = contract.milestones.filter(closed_at=None).select_related("escrow__policy")
        self.open: list[Milestone] = list(found.order_by("place"))
        facts = facts_of_each(one.escrow for one in self.open)
        held = [
            (one.public_id, price_held(one.escrow, held=facts[one.escrow_id].held))
            for one in self.open
        ]
        super().__init__(data, tag=etag_of(held))
        if not may_hand_over:
            del self.fields["hand_over"]
        self.currency = contract.currency
        for one, (_, most) in zip(self.open, held, strict=True):
            if most:
                self.fields[one.public_id] = AmountField(
                    label=one.title,
                    required=False,
                    initial="0",
                    help_text=f"Of at most {to_major(most, self.currency)} of its price.",
                )
                self.fields[one.public_id].currency = self.currency
        self.order_fields([one.public_id for one in self.open])

    @property
    def parts(self) -> list[forms.BoundField]:
        """The fields of the milestones, to be drawn before the note."""
        return [self[one.public_id] for one in self.open if one.public_id in self.fields]

    def clean(self) -> dict[str, Any]:
        for one in self.open:
            if one.public_id in self.fields:
                self.cleaned_data[one.public_id] = clean_amount(self, one.public_id, self.currency)
        return self.cleaned_data

    def wishes(self) -> list[Wish]:
        """Of each open milestone what goes to the freelancer; nothing where nothing was said."""
        return [
            Wish(
                milestone=one.public_id,
                to_freelancer=self.cleaned_data.get(one.public_id) or 0,
            )
            for one in self.open
        ]

    def refuse(self, refusal: DomainError) -> None:
        """Put it beside the milestone that it is about, or above them all."""
        place = (refusal.param or "").partition("[")[2].partition("]")[0]
        name = self.open[int(place)].public_id if place.isdecimal() else refusal.param
        self.add_error(name if name in self.fields else None, refusal.message)


@require_http_methods(["GET", "HEAD", "POST"])
def create_ending(request: HttpRequest, public_id: str) -> HttpResponse:
    """Propose to end the contract; or, with ``preview``, only show what each side would get."""
    contract = get_object_or_404(contracts_of(request.user), public_id=public_id)
    LIFECYCLE.judge(contract, "propose_ending", role=role_in(contract, request.user))
    standing = standing_on([contract.pk]).get(contract.pk)
    if standing is not None:
        return redirect(f"{reverse('contract', args=[public_id])}#{standing.public_id}")

    def propose(wishes: list[Wish], **more: Any) -> ChangeOrder:
        parts = [(wish.milestone, wish.to_freelancer or 0) for wish in wishes]
        deed = hand_over_by_agreement if more.pop("hand_over", False) else propose_ending
        return deed(contract_id=contract.pk, by=signed_in(request.user), parts=parts, **more)

    return draft_ending(request, contract, propose)


@require_http_methods(["GET", "HEAD", "POST"])
def create_leaving(request: HttpRequest, public_id: str) -> HttpResponse:
    """End by oneself what one can; the page says first what that is, and where the money goes."""
    contract = get_object_or_404(contracts_of(request.user), public_id=public_id)
    role = role_in(contract, request.user)
    LIFECYCLE.judge(contract, "leave", role=role)
    if request.method == "POST":
        hands_over = "hand_over" in request.POST
        leave = hand_over_by_leaving if hands_over else leave_contract
        seen = request.POST.get("seen", "")
        leave(contract_id=contract.pk, by=signed_in(request.user), seen=seen)
        said = _DRAFTED if hands_over else ""
        messages.success(request, f"Ended. The other side has been told.{said}")
        return redirect("contract", public_id)
    milestones = list(milestones_of(request.user).filter(contract=contract))
    facts = facts_of_each(one.escrow for one in milestones)
    leaving = judged_leaving(milestones, facts, role or "")
    context = {
        "contract": contract,
        "leaving": leaving,
        "may_hand_over": role == CLIENT,
        "nav": "work",
    }
    return render(request, "agreements/leave.html", context)


def draft_ending(
    request: HttpRequest,
    contract: Contract,
    deed: Deed,
    *,
    counters: ChangeOrder | None = None,
) -> HttpResponse:
    """The form with the table of what each side would get; ``deed`` when it is sent off."""
    is_sent = request.method == "POST"
    role = role_in(contract, request.user)
    # Whoever answers an ending answers that, and hands nothing over by it.
    may_hand_over = role == CLIENT and counters is None
    sent = request.POST if is_sent else None
    status = 400 if is_sent else 200
    form = EndingForm(sent, contract=contract, may_hand_over=may_hand_over)
    context: dict[str, Any] = {"contract": contract, "form": form, "nav": "work"}
    if counters is not None:
        context["countered"] = shown_change(counters, str(role))
    if not is_sent:
        nothing = [Wish(milestone=one.public_id, to_freelancer=0) for one in form.open]
        context["ended"] = shown_end(contract, planned_changes(contract, nothing))
    elif form.is_valid():
        try:
            if "preview" not in request.POST and not form.is_stale:
                how = confirm_by_password(request.user, form.cleaned_data["password"])
                more = {"note": form.cleaned_data["note"], "confirmed_with": how}
                if hands_over := form.cleaned_data.get("hand_over", False):
                    more["hand_over"] = True
                order = deed(wishes=form.wishes(), **more)
                said = _DRAFTED if hands_over else ""
                messages.success(request, f"Proposed. The other side has been told.{said}")
                page = reverse("contract", args=[contract.public_id])
                return redirect(f"{page}#{order.public_id}")
            context["ended"] = shown_end(contract, planned_changes(contract, form.wishes()))
            status = 200
        except (InvalidInput, WrongState) as refusal:
            form.refuse(refusal)
            status = refusal.status
        if form.is_stale:
            form.show_anew()
            status = 409
    form.fields["password"].required = True  # as it is shown
    return render(request, "agreements/end.html", context, status=status)
