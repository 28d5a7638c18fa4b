"""The public register of decisions: when it is published, what it says, and of whom."""

import csv
import json
from datetime import UTC, datetime, timedelta
from io import StringIO

import pytest
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext

from marketplace.common.errors import InvalidInput, WrongState
from marketplace.common.public_ids import new_public_id
from projects.disputes.models import Dispute, Ruling
from projects.disputes.register.checks import the_register_tells_of_all_that_are_alike
from projects.disputes.register.grouping import LEAST
from projects.disputes.register.models import RegisterEntry, RegisterQuarter
from projects.disputes.register.selectors import (
    after,
    due_quarters,
    published_from,
    quarter_of,
    start_of,
)
from projects.disputes.register.services import publish_quarter
from projects.disputes.register.words import BAND_OF_NOTHING, COLUMNS
from projects.disputes.rulings.services import accept_ruling, decide_dispute
from projects.tasks import publish_register
from tests.projects.register_world import again, entries
from tests.races import at_once
from tests.world import api_of, browser, person, reviewed_dispute, ruled, why

pytestmark = pytest.mark.django_db

# In the middle of a quarter, so that what takes days stays within it.
MOMENT = datetime(2027, 2, 10, 12, tzinfo=UTC)
QUARTER = 20271
PAGE = "/rules/decisions/"


@pytest.fixture
def dispute(ada, ben, dora, time_machine) -> Dispute:
    """Decided, carried out, and alone."""
    time_machine.move_to(MOMENT, tick=False)
    dispute = reviewed_dispute(ada, ben)
    decide_dispute(
        dispute_id=dispute.pk,
        by=dora,
        to_freelancer=40_000,
        **why("Ben idled.") | {"ground": "in_part"},
    )
    accept_ruling(dispute_id=dispute.pk, by=ada)
    return accept_ruling(dispute_id=dispute.pk, by=ben)


@pytest.fixture
def published(dispute, time_machine) -> RegisterEntry:
    """Seven that are alike, and two that are too few."""
    again(dispute, LEAST + 1, days=6)
    again(dispute, 2, to_freelancer=0)
    time_machine.move_to(published_from(QUARTER), tick=False)
    assert publish_register() == {"done": 1, "failed": 0}
    return RegisterEntry.objects.get()


def test_five_between_the_same_two_are_told_of_nobody(ada, ben, dora, time_machine):
    """Whoever knows that Ada and Ben had a dispute would know of all of them."""
    time_machine.move_to(MOMENT, tick=False)
    for _ in range(LEAST):
        ruled(reviewed_dispute(ada, ben), dora, 0)
    last = ruled(reviewed_dispute(ada, person("Ida")), dora, 0)
    again(last, LEAST - 2)
    time_machine.move_to(published_from(QUARTER), tick=False)

    assert publish_register() == {"done": 1, "failed": 0}

    assert not RegisterEntry.objects.exists(), "one of Ada's counts, and three of others"
    assert the_register_tells_of_all_that_are_alike() == []


# --- When ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("at", "quarter"),
    [
        ("2026-12-31T23:59:59+00:00", 20264),
        ("2027-01-01T00:59:59+01:00", 20264),
        ("2027-01-01T00:00:00+00:00", 20271),
        ("2027-03-31T23:59:59+00:00", 20271),
        ("2027-04-01T00:00:00+00:00", 20272),
    ],
)
def test_a_quarter_is_that_of_utc(at, quarter):
    moment = datetime.fromisoformat(at)
    assert quarter_of(moment) == quarter
    assert start_of(quarter) <= moment < start_of(after(quarter))


def test_a_quarter_is_told_of_once_it_is_over_and_never_again(dispute, time_machine):
    again(dispute, LEAST)
    time_machine.move_to(published_from(QUARTER) - timedelta(seconds=1), tick=False)
    assert publish_register() == {"done": 0, "failed": 0}
    with pytest.raises(WrongState, match="not over yet"):
        publish_quarter(quarter=QUARTER)
    assert not RegisterEntry.objects.exists()

    time_machine.move_to(published_from(QUARTER), tick=False)
    assert publish_register() == {"done": 1, "failed": 0}
    assert RegisterEntry.objects.get().decisions == LEAST + 1

    again(dispute, LEAST)  # as if somebody had moved the clock back
    assert publish_register() == {"done": 0, "failed": 0}
    assert publish_quarter(quarter=QUARTER) == []
    assert RegisterEntry.objects.get().decisions == LEAST + 1


def test_after_a_long_time_every_quarter_is_told_of_in_its_turn(dispute, time_machine):
    again(dispute, LEAST)
    again(dispute, LEAST, carried_out_at=MOMENT + timedelta(days=182))
    time_machine.move_to(MOMENT + timedelta(days=365), tick=False)

    assert due_quarters(limit=2) == [20271, 20272]
    assert publish_register() == {"done": 4, "failed": 0}
    assert sorted(RegisterEntry.objects.values_list("quarter", flat=True)) == [20271, 20273]
    assert publish_register() == {"done": 0, "failed": 0}


def test_while_nothing_was_ever_decided_nothing_is_due(db):
    assert due_quarters(limit=5) == []


@pytest.mark.django_db(transaction=True)
def test_eight_at_once_publish_it_once(dispute, time_machine):
    again(dispute, LEAST)
    time_machine.move_to(published_from(QUARTER), tick=False)

    at_once(*[lambda: publish_quarter(quarter=QUARTER)] * 8)

    assert RegisterQuarter.objects.get().number == QUARTER
    assert RegisterEntry.objects.get().decisions == LEAST + 1


@pytest.mark.parametrize("wrong", [{"decisions": 8}, {"outcome": "client"}, {"reason": "late"}])
def test_what_it_tells_is_held_against_what_was_decided(published, wrong):
    assert the_register_tells_of_all_that_are_alike() == []
    RegisterEntry.objects.update(**wrong)
    assert len(the_register_tells_of_all_that_are_alike()) == 1


# --- What, and of whom ---------------------------------------------------------------------------


def test_an_entry_says_what_they_have_in_common(published):
    said = {name: getattr(published, name) for name in COLUMNS if name not in ("id", "quarter")}
    assert said == {
        "reason": "not_as_agreed",
        "outcome": "divided",
        "decided_by": "mediator",
        "ground": "in_part",
        "delivery": "delivered",
        "missed": "not_agreed",
        "opened_by": "client",
        "kind": "fixed",
        "currency": "USD",
        "band": "1000-10000",
        "decisions": 7,
        "days_median": 6,
        "days_total": 36,
        "share_median": 400,
    }


def test_a_decision_that_is_not_carried_out_is_not_in_it(dispute, time_machine):
    again(dispute, LEAST - 1)
    again(dispute, 1, carried_out_at=None)
    again(dispute, 1, to_freelancer=0, held=0)  # a bank has taken all of it: nothing was divided
    time_machine.move_to(published_from(QUARTER), tick=False)
    publish_register()
    assert RegisterEntry.objects.get().decisions == LEAST


def test_what_only_some_have_is_told_of_none(dispute, time_machine):
    again(dispute, LEAST, ground="in_part")
    again(dispute, 2, ground="late", by=None)
    again(dispute, 3, number=2, ground="")
    time_machine.move_to(published_from(QUARTER), tick=False)
    publish_register()

    found = {one.decided_by: one for one in RegisterEntry.objects.all()}
    assert {name: one.decisions for name, one in found.items()} == {"mediator": 6, "": 5}
    assert found["mediator"].ground == "in_part"
    # Two by rule and three on appeal: neither who decided nor the rule, but what all five share.
    assert (found[""].ground, found[""].kind, found[""].band) == ("", "fixed", "1000-10000")


def test_nothing_in_it_leads_to_anybody(published, ada, ben, dora, dispute):
    """Neither words nor ids nor amounts, on no door."""
    milestone = dispute.milestone
    secrets = [ada.name, ben.name, dora.name, milestone.title, milestone.contract.posting.title]
    secrets += [dispute.public_id, milestone.public_id, milestone.contract.public_id]
    secrets += [why("Ben idled.")[name] for name in ("facts", "rule", "reasons")]
    secrets += ["40,000", "400.00", "1,000.00", "2027-02"]
    doors = [PAGE, "/api/v1/register/", "/api/v1/register/register.json"]
    for door in [*doors, "/api/v1/register/register.csv"]:
        said = text_of(browser().get(door))
        assert published.public_id in said, door
        assert [secret for secret in secrets if secret in said] == [], door
    leads = [field.name for field in RegisterEntry._meta.get_fields() if field.is_relation]
    assert leads == []


def test_postgresql_keeps_no_entry_of_four(published):
    published.pk, published.public_id, published.decisions = None, new_public_id("rg"), LEAST - 1
    with (
        pytest.raises(IntegrityError, match="an_entry_stands_for_five_at_least"),
        transaction.atomic(),
    ):
        published.save(force_insert=True)


@pytest.mark.parametrize("ground", ["silence_4", "no such", "", None])
def test_a_ground_is_chosen_and_is_one_of_the_rules(ada, ben, dora, ground):
    dispute, said = reviewed_dispute(ada, ben), why()
    with pytest.raises(InvalidInput) as refusal:
        decide_dispute(dispute_id=dispute.pk, by=dora, to_freelancer=1, **said | {"ground": ground})
    assert refusal.value.param == "ground"
    del said["ground"]
    chosen = {} if ground is None else {"ground": ground}
    answer = api_of(dora).post(
        f"/api/v1/desk/disputes/{dispute.public_id}/rulings/", {"to_freelancer": 1} | said | chosen
    )
    error = answer.json()["error"]
    assert (answer.status_code, error["param"]) == (400, "ground")
    form = {"to_freelancer": "1", **said, **chosen}
    page = browser(dora).post(f"{dispute.desk_path}rulings/", form)
    assert (page.status_code, list(page.context["form"].errors)) == (400, ["ground"])
    if not chosen:
        assert error["message"] == "Choose the rule: the public register says which it was."
        assert error["message"] in page.content.decode()
    assert not Ruling.objects.exists()


# --- The page ------------------------------------------------------------------------------------


def text_of(answer) -> str:
    return b"".join(answer).decode() if answer.streaming else answer.content.decode()


def test_the_page_is_there_before_there_is_anything_to_tell(db):
    said = text_of(browser().get(PAGE))
    assert "The first quarter with decisions is not over yet." in said
    assert "Fewer than 5 with the same reason and outcome are left out" in said


def test_the_page_says_so_where_all_of_it_is_too_little(dispute, time_machine):
    time_machine.move_to(published_from(QUARTER), tick=False)
    publish_register()
    assert "Up to 2027-Q1 no five decisions of one quarter were alike." in text_of(
        browser().get(PAGE)
    )


def test_the_page_tells_of_each_group(published):
    said = text_of(browser().get(PAGE))
    assert "The work is not as agreed: divided" in said
    assert "7 decisions" in said
    assert "What is as agreed in part is paid in part." in said
    assert "40 % to the freelancer, 60 % back to the client, in the middle one." in said
    assert "2027-Q1 · A mediator · 6 days from the opening to the decision" in said
    assert "1,000 to 10,000 USD" in said
    assert "All of it back to the client</th>" in said
    assert "A delivery was on file. No criteria were agreed on. The client opened it." in said
    assert browser().get("/rules/").content.decode().count(PAGE) == 1


def test_it_is_narrowed(published):
    """What the entry is finds it, anything else does not; on the page as in the API."""
    fits = {
        "reason": "not_as_agreed",
        "outcome": "divided",
        "kind": "fixed",
        "currency": "USD",
        "band": "1000-10000",
    }
    other = {
        "reason": "late",
        "outcome": "client",
        "kind": "hourly",
        "currency": "EUR",
        "band": "10000-",
    }
    for asked in (fits, *(fits | {name: other[name]} for name in fits)):
        is_found = asked == fits
        page = browser().get(PAGE, asked)
        assert (published.public_id in text_of(page), page.status_code) == (is_found, 200), asked
        found = api_of().get("/api/v1/register/", asked).json()["results"]
        assert [one["id"] for one in found] == ([published.public_id] if is_found else []), asked


@pytest.mark.parametrize("value", ["no such", "x" * 5_000, "' OR 1=1 --"])
def test_a_filter_that_there_is_not_is_refused_in_words(published, value):
    for name in ("reason", "outcome", "kind", "currency", "band"):
        page = browser().get(PAGE, {name: value})
        assert page.status_code == 400, name
        assert "Nothing can be shown for these filters" in text_of(page), name
        said = BAND_OF_NOTHING if name == "band" else "There is no such choice."
        assert text_of(page).count(said) == 1, name
        assert len(value) < 5_000 or "xxxxx" not in text_of(page), name
        assert published.public_id not in text_of(page), name
        answer = api_of().get("/api/v1/register/", {name: value})
        assert (answer.status_code, answer.json()["error"]["param"]) == (400, name)


def test_a_page_that_there_is_not_is_refused_in_words(published):
    assert browser().get(PAGE, {"cursor": "x"}).status_code == 400
    assert api_of().get("/api/v1/register/", {"cursor": "x"}).status_code == 404


@pytest.mark.parametrize("door", [PAGE, "/api/v1/register/", "/api/v1/register/register.csv"])
def test_a_longer_register_costs_no_more_queries(db, door):
    costs = []
    for count in (1, 60):
        entries(count)
        with CaptureQueriesContext(connection) as queries:
            text_of(Client().get(door))
        costs.append(len(queries))
    assert costs[0] == costs[1]


def test_its_pages_are_walked_from_the_newest_quarter_to_the_oldest(db):
    entries(45)
    seen, address = [], "/api/v1/register/"
    for _ in range(3):
        page = api_of().get(address).json()
        seen += [(one["quarter"], one["id"]) for one in page["results"]]
        address = page["next"]
    assert address is None
    assert len(set(seen)) == 45
    quarters = [quarter for quarter, _ in seen]
    assert quarters == sorted(quarters, reverse=True)
    first = text_of(browser().get(PAGE))
    assert first.count(' id="rg_') == 20
    assert "Earlier" in first
    assert "225" in first  # of all pages, added up


# --- The files -----------------------------------------------------------------------------------


def test_the_files_say_what_the_api_says(published):
    entries(3)
    listed = api_of().get("/api/v1/register/").json()["results"][::-1]

    answer = browser().get("/api/v1/register/register.json")
    assert answer["Content-Disposition"].startswith('attachment; filename="register-')
    document = json.loads(text_of(answer))
    assert document["entries"] == listed
    assert document["columns"] == COLUMNS
    assert list(listed[0]) == list(COLUMNS)
    assert "Fewer than 5" in document["small_cells"]

    rows = list(csv.DictReader(StringIO(text_of(browser().get("/api/v1/register/register.csv")))))
    assert rows == [{name: str(value) for name, value in one.items()} for one in listed]


def test_the_files_of_an_empty_register_are_whole(db):
    assert json.loads(text_of(browser().get("/api/v1/register/register.json")))["entries"] == []
    said = text_of(browser().get("/api/v1/register/register.csv"))
    assert said == ",".join(COLUMNS) + "\r\n"


def test_a_decision_by_rule_names_its_row(db):
    entries(1, ground="silence_9", decided_by="rule")
    assert "Row 9 of the rules for silence: The client opened it" in text_of(browser().get(PAGE))
