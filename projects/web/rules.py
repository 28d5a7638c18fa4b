"""The rules of the house, every version of them, and the tables by which silence is judged."""

from itertools import pairwise

from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from accounts.holds.rules import BARRED, GOES_ON
from marketplace.common.clock import now
from payments.policies.models import Policy
from payments.policies.selectors import policy_in_force
from payments.policies.words import GROUPS, changes_between, days, working_days
from projects.disputes.sealed.models import MOST_FIGURES
from projects.disputes.silence.selectors import published_tables
from projects.disputes.stages import reply_days


@login_not_required
@require_safe
def show_rules(request: HttpRequest) -> HttpResponse:
    """What is in force in full, or the ``version`` asked for; what the others changed."""
    versions = list(Policy.objects.order_by("-version"))
    in_force, asked = policy_in_force(), request.GET.get("version")
    shown = in_force
    if asked is not None:
        named = (one for one in versions if str(one.version) == asked)
        if (shown := next(named, None)) is None:
            raise Http404("no such version of the rules")
    steps = [
        {
            "policy": newer,
            "changes": changes_between(older, newer),
            "is_ahead": newer.in_force_from > now(),
        }
        for newer, older in pairwise(versions)
    ]
    context = {
        "in_force": in_force,
        "shown": shown,
        "barred": BARRED.values(),
        "goes_on": GOES_ON,
        "groups": [
            {"title": title, "rules": [(rule, rule.of(shown).split("; ")) for rule in rules]}
            for title, rules in GROUPS.items()
        ],
        "ahead": [step for step in steps if step["is_ahead"]],
        "past": [step for step in steps if not step["is_ahead"]],
        "first": versions[-1],
        "tables": published_tables(),
        "appeals": _appeals(shown),
        "nav": "rules",
    }
    return render(request, "rules/rules.html", context)


def _appeals(policy: Policy) -> dict[str, str | int]:
    """The times of an appeal and of a ruling in words, and how many figures a side may seal."""
    reply = reply_days(policy)
    return {
        "to_appeal": days(policy.appeal_days),
        "to_reply": days(int(reply)) if reply == int(reply) else f"{reply:g} days",
        "expected": working_days(policy.ruling_working_days),
        "to_rule": days(policy.ruling_days),
        "most_figures": MOST_FIGURES,
    }
