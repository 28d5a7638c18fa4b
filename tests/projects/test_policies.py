"""Versions of the rules: added by a command, read by everybody, and never changed."""

from datetime import timedelta
from importlib import import_module

import pytest
from django.apps import apps
from django.core.management import CommandError, call_command
from django.db import InternalError, connection, transaction

from marketplace.common.clock import now
from marketplace.common.errors import InvalidInput
from payments.policies import services
from payments.policies.models import Policy
from payments.policies.selectors import policy_in_force, second_mediator_above
from payments.policies.services import add_version, planned_version
from payments.policies.words import RULES
from projects.milestones.services import release_milestone
from tests.against_the_rules import as_the_owner
from tests.races import at_once, meet_after
from tests.world import api_of, funded_milestone, person

pytestmark = pytest.mark.django_db

a_time_to_fund = import_module("payments.migrations.0037_a_time_to_fund")
two_mediators = import_module("payments.migrations.0043_two_mediators_decide_above_a_limit")


def page(client) -> str:
    return client.get("/rules/").content.decode()


# --- Adding one ----------------------------------------------------------------------------------


def test_every_value_of_a_policy_is_a_rule_in_words():
    about = {"id", "version", "in_force_from"}
    assert {field.name for field in Policy._meta.concrete_fields} - about == set(RULES)


def test_a_version_says_what_the_newest_said_but_for_its_changes():
    policy = add_version({"client_fee_basis_points": 250, "ruling_days": 8})

    assert (policy.version, policy.client_fee_basis_points, policy.ruling_days) == (2, 250, 8)
    assert policy.freelancer_fee_basis_points == 300
    assert policy_in_force() == policy


def test_who_has_signed_keeps_the_version_of_their_signing(ada, ben):
    milestone = funded_milestone(ada, ben)
    add_version({"client_fee_basis_points": 1_000, "freelancer_fee_basis_points": 1_000})

    release_milestone(milestone_id=milestone.pk, by=ada)

    milestone.escrow.refresh_from_db()
    assert milestone.escrow.policy.version == 1
    call_command("check_ledger")


def test_one_that_is_announced_is_not_in_force_before_its_day(later):
    add_version({"client_fee_basis_points": 200}, in_force_from=now() + timedelta(days=10))
    assert policy_in_force().version == 1

    later(days=11)

    assert policy_in_force().version == 2


def test_the_next_follows_the_newest_even_while_that_is_only_announced():
    start = now() + timedelta(days=10)
    add_version({"client_fee_basis_points": 200}, in_force_from=start)

    with pytest.raises(InvalidInput) as refusal:
        add_version({"ruling_days": 8})
    assert refusal.value.param == "in_force_from"
    third = add_version({"ruling_days": 8}, in_force_from=start)
    assert (third.version, third.client_fee_basis_points) == (3, 200)


@pytest.mark.parametrize(
    ("changes", "param"),
    [
        ({}, "changes"),
        ({"client_fee_basis_points": 300}, "changes"),
        ({"version": 9}, "version"),
        ({"in_force_from": "2020-01-01"}, "in_force_from"),
        ({"client_fee_basis_points": -1}, "client_fee_basis_points"),
        ({"client_fee_basis_points": 5_001}, "client_fee_basis_points"),
        ({"client_fee_basis_points": 2.5}, "client_fee_basis_points"),
        ({"client_fee_basis_points": True}, "client_fee_basis_points"),
        ({"client_fee_basis_points": "250"}, "client_fee_basis_points"),
        ({"ruling_days": 0}, "ruling_days"),
        ({"ruling_days": 2**63}, "ruling_days"),
        ({"minimum_milestone_units": 0}, "minimum_milestone_units"),
        ({"review_period_days": 31}, "review_period_days"),
        ({"review_period_least_days": 8}, "review_period_days"),
        ({"holding_days_by_country": {"XX": 10}}, "holding_days_by_country"),
        ({"holding_days_by_country": {"TH": 0}}, "holding_days_by_country"),
        ({"holding_days_by_country": 10}, "holding_days_by_country"),
        ({"holding_days": 1}, "holding_days"),
        ({"second_mediator_units": -1}, "second_mediator_units"),
        ({"second_mediator_units": 1_000_001}, "second_mediator_units"),
        *(
            ({"second_mediator_units_by_currency": value}, "second_mediator_units_by_currency")
            for value in ({"XXX1": 1}, {"JPY": -1}, {"JPY": 2.5}, {"ISK": 5}, ["JPY"], None)
        ),
    ],
)
def test_what_is_no_rule_is_refused_about_its_field(changes, param):
    with pytest.raises(InvalidInput) as refusal:
        add_version(changes)
    assert refusal.value.param == param
    assert Policy.objects.count() == 1


def test_rules_are_not_changed_for_the_past():
    with pytest.raises(InvalidInput) as refusal:
        add_version({"ruling_days": 8}, in_force_from=now() - timedelta(minutes=1))
    assert refusal.value.param == "in_force_from"


@pytest.mark.parametrize(
    "deed",
    [
        lambda: Policy.objects.update(client_fee_basis_points=0),
        lambda: Policy.objects.all().delete(),
    ],
)
def test_postgresql_lets_nobody_edit_a_version(deed):
    with pytest.raises(InternalError, match="final"), transaction.atomic():
        deed()


@pytest.mark.django_db(transaction=True)
def test_of_eight_at_once_one_adds_the_next_version(monkeypatch):
    Policy.objects.get_or_create(version=1)
    meet_after(monkeypatch, services, "planned_version")

    outcomes = at_once(*[lambda: add_version({"ruling_days": 8})] * 8)

    assert sorted(outcomes) == ["done", *["wrong_state"] * 7]
    assert Policy.objects.count() == 2


@pytest.mark.parametrize(("people", "days"), [(0, 14), (1, 0)])
def test_a_clock_that_is_new_does_not_run_by_what_was_signed_before(people, days):
    """The column comes to a house that is being set up, and to one where people have signed."""
    for _ in range(people):
        person("Ada")
    with as_the_owner(), connection.schema_editor() as editor:
        a_time_to_fund.drop_column(apps, editor)
        a_time_to_fund.add_column(apps, editor)
    assert Policy.objects.get(version=1).funding_days == days
    later_version = add_version({"funding_days": 10})
    assert later_version.funding_days == 10


@pytest.mark.parametrize(("people", "limit"), [(0, 500_000), (1, None)])
def test_what_was_signed_before_the_limit_one_mediator_decides(people, limit):
    for _ in range(people):
        person("Ada")
    with as_the_owner(), connection.schema_editor() as editor:
        two_mediators.drop_columns(apps, editor)
        two_mediators.add_columns(apps, editor)
    assert second_mediator_above(Policy.objects.get(version=1), "USD") == limit
    assert (second_mediator_above(Policy.objects.get(version=1), "JPY") is None) is bool(people)


@pytest.mark.parametrize(
    ("currency", "limit"), [("EUR", 500_000), ("JPY", 750_000), ("KWD", 1_500_000)]
)
def test_the_limit_is_counted_in_units_of_each_currency(currency, limit):
    assert second_mediator_above(Policy.objects.get(version=1), currency) == limit


# --- The command ---------------------------------------------------------------------------------


def test_a_dry_run_shows_what_would_differ_and_writes_nothing(capsys):
    call_command("add_policy", "client_fee_basis_points=250", "payout_hold_days=1", "--dry-run")

    said = capsys.readouterr().out.replace("\N{NO-BREAK SPACE}", " ")
    assert "The client’s fee: 3 % → 2.5 %" in said
    assert "Rest before a payout: 2 days → 1 day" in said
    assert "Nothing was written" in said
    assert Policy.objects.count() == 1


def test_the_command_adds_what_its_dry_run_showed(capsys):
    start = (now() + timedelta(days=40)).date()
    countries = '{"TH": 9, "US": 700}'
    call_command("add_policy", f"holding_days_by_country={countries}", "--from", start.isoformat())

    assert "Version 2 is in force from" in capsys.readouterr().out
    policy = Policy.objects.get(version=2)
    assert policy.holding_days_by_country == {"TH": 9, "US": 700}
    assert policy.in_force_from.date() == start


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["ruling_days"], "ruling_days=value"),
        (["ruling_days=soon"], "no number"),
        (["ruling_days=8", "ruling_days=9"], "twice"),
        (["ruling_days=-1"], "ruling_days: Give a whole number from 1"),
        (["ruling=8"], "ruling: A policy has no such value"),
        (["ruling_days=8", "--from", "soon"], "no day"),
        (["ruling_days=8", "--from", "2020-01-01"], "in_force_from: Rules are not"),
    ],
)
def test_the_command_says_what_is_wrong(words, said):
    with pytest.raises(CommandError, match=said):
        call_command("add_policy", *words)
    assert Policy.objects.count() == 1


# --- Read by everybody ---------------------------------------------------------------------------


def test_a_visitor_reads_what_is_in_force_what_comes_and_what_was_changed(client):
    first = page(client)
    assert "Version 1 is in force" in first and "It is the first one" in first
    assert "7 days" in first and "10 days: Thailand" in first and "730 days: United States" in first

    add_version({"client_fee_basis_points": 250})
    add_version({"ruling_days": 8}, in_force_from=now() + timedelta(days=9))

    shown = page(client).replace("\N{NO-BREAK SPACE}", " ")
    assert "Version 2 is in force" in shown and "Version 3 comes into force" in shown
    assert '<del class="text-muted">3 %</del>' in shown
    assert '<del class="text-muted">10 days</del>' in shown


def test_the_front_page_names_the_fees_in_force(client):
    add_version({"client_fee_basis_points": 250, "freelancer_fee_basis_points": 0})

    shown = client.get("/").content.decode().replace("\N{NO-BREAK SPACE}", " ")

    assert "2.5 % and 0 %. That is all of it." in shown
    assert "$1,025.00" in shown and "3 %" not in shown.split('id="fees"')[1].split("</section>")[0]


def test_reading_the_rules_takes_the_same_queries_however_many_versions(
    client, django_assert_max_num_queries
):
    for ruling_days in range(11, 31):
        add_version({"ruling_days": ruling_days})
    with django_assert_max_num_queries(6):
        shown = page(client)
    assert "version-21" in shown and "version-1" in shown


def test_the_api_tells_every_version(ada):
    add_version({"ruling_days": 8})
    told = api_of(ada).get("/api/v1/policies/").json()
    assert [(one["version"], one["ruling_days"]) for one in told] == [(2, 8), (1, 10)]


def test_planning_writes_nothing():
    newest, planned = planned_version({"ruling_days": 8})
    assert (newest.version, planned.version, planned.pk) == (1, 2, None)
    assert Policy.objects.count() == 1


def test_whoever_signed_an_older_version_reads_all_of_it(client):
    add_version({"client_fee_basis_points": 250})
    add_version({"ruling_days": 8}, in_force_from=now() + timedelta(days=10))

    first = client.get("/rules/?version=1").content.decode()
    assert "This is version 1, and in force no longer" in first
    assert "2.5\N{NO-BREAK SPACE}%" not in first.partition("What was changed")[0]
    assert "3\N{NO-BREAK SPACE}%" in first
    coming = client.get("/rules/?version=3").content.decode()
    assert "This is version 3, and not in force yet" in coming and "8 days" in coming
    assert "and in force no longer" not in client.get("/rules/?version=2").content.decode()
    for unknown in ("4", "0", "x", "", "01", "9" * 40):
        assert client.get("/rules/", {"version": unknown}).status_code == 404
