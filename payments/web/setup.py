"""Setting up payouts, on a page of the payment provider."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.parties.selectors import own_party_of
from marketplace.common.clock import now
from marketplace.common.http import refusals_on
from payments.payees.models import ConnectedAccount
from payments.payees.selectors import COUNTRIES, account_for
from payments.payees.services import start_onboarding
from payments.payees.words import requirement_in_words
from payments.payouts.models import Payout
from payments.payouts.plans.selectors import plan_of, turn_after
from payments.payouts.plans.services import choose_payout_plan
from payments.payouts.selectors import in_the_way_of
from payments.payouts.words import reason_in_words
from payments.web.forms import PlanForm, SetupForm


@require_http_methods(["GET", "HEAD", "POST"])
def edit_setup(request: HttpRequest) -> HttpResponse:
    party = own_party_of(request.user)
    account = account_for(party)
    start = {"country": account.country if account else request.user.country}
    form = SetupForm(request.POST or None, initial=start)
    if request.method == "POST" and form.is_valid():
        with refusals_on(form):
            url = start_onboarding(
                party_id=party.pk, country=form.cleaned_data["country"], by=request.user
            )
            return _see_other(url)
    status = 400 if form.errors else 200
    template = "payments/_setup.html" if request.htmx else "payments/setup.html"
    plan = plan_of(party)
    shown = _shown(request, account, form) | {
        "plan_form": PlanForm(initial={"every": plan.every}),
        "next_turn": turn_after(plan.every, now()),
    }
    return render(request, template, shown, status=status)


@require_POST
def create_plan(request: HttpRequest) -> HttpResponse:
    """Choose how often to be paid out."""
    party, form = own_party_of(request.user), PlanForm(request.POST)
    if not form.is_valid():
        account = account_for(party)
        blank = SetupForm(initial={"country": account.country if account else ""})
        shown = _shown(request, account, blank)
        return render(request, "payments/setup.html", shown | {"plan_form": form}, status=400)
    choose_payout_plan(party_id=party.pk, every=form.cleaned_data["every"], by=request.user)
    messages.success(request, "Your choice is kept.")
    return redirect("payout-setup")


@require_safe
def show_return(request: HttpRequest) -> HttpResponse:
    """Back from the provider's page: how it stands comes by letter, in a moment."""
    messages.info(request, "Thank you. We show how your account stands as soon as we are told.")
    return redirect("payout-setup")


@require_safe
def show_refresh(request: HttpRequest) -> HttpResponse:
    """The link to the provider's page was used up; a new one is made by the button only."""
    messages.info(request, "That link has expired. Continue with the button on this page.")
    return redirect("payout-setup")


def _see_other(url: str) -> HttpResponse:
    """To a page of another site: by GET, whatever came here."""
    response = HttpResponseRedirect(url)
    response.status_code = 303
    return response


def _shown(
    request: HttpRequest, account: ConnectedAccount | None, form: SetupForm
) -> dict[str, object]:
    standing = in_the_way_of(request.user).values()
    return {
        "failed": [
            (payout, reason_in_words(payout.failure_code))
            for payout in standing
            if payout.status == Payout.Status.FAILED
        ],
        "account": account,
        "country": COUNTRIES.get(account.country, account.country) if account else "",
        "requirements": sorted(
            {requirement_in_words(one) for one in account.requirements} if account else set()
        ),
        "form": form,
        "nav": "earnings",
    }
