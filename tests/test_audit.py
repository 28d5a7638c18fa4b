"""What staff did is written down once, linked, and read by whom it concerns."""

import json
import re
from datetime import UTC, date, datetime, timedelta

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, transaction

from accounts.parties.selectors import own_party_of
from accounts.people.models import StaffRole, User
from accounts.people.services import grant_staff_roles
from marketplace.common.audit import (
    entries_about,
    head_of_the_audit_log,
    link_of,
    log_deed,
    search_entries,
    the_audit_log_is_whole,
    the_audit_log_still_has,
)
from marketplace.common.clock import now
from marketplace.common.lifecycle import FINANCE, MEDIATOR, MODERATOR, SYSTEM
from marketplace.common.lifecycle_sql import lifecycles
from marketplace.common.models import AuditEntry
from payments.policies.services import add_version
from tests.access_table import LINES
from tests.against_the_rules import against_the_rules, as_the_owner, force
from tests.races import at_once
from tests.staff_deeds import BY_ROUTE, DEEDS, UNWRITTEN, decides, places_a_hold
from tests.test_growing_lists import grows_for_free
from tests.world import api_of, browser, person

pytestmark = pytest.mark.django_db

STAFF = {MEDIATOR, FINANCE, MODERATOR}


@pytest.fixture
def dora(dora) -> User:
    """With every key there is."""
    return grant_staff_roles(user_id=dora.pk, roles=set(StaffRole.values), by=SYSTEM)


def last() -> AuditEntry:
    return AuditEntry.objects.latest("number")


# --- Each deed of staff --------------------------------------------------------------------------


@pytest.mark.parametrize("act", DEEDS, ids=lambda act: act.__name__)
def test_each_deed_of_staff_is_written_down(act, ada, ben, dora):
    deed, people = act(ada, ben, dora)

    entry = last()
    assert (entry.deed, entry.by_id, set(entry.about)) == (deed, dora.pk, people)
    assert entry.role in STAFF
    assert AuditEntry.objects.filter(deed=deed).count() == 1
    assert the_audit_log_is_whole() == []


def test_no_step_of_staff_in_any_table_is_left_out(ada, ben, dora):
    """A new step of a mediator, of finance or of a moderator fails here until it is among DEEDS."""
    in_tables = {
        f"{step} {lifecycle.noun}".replace("_", " ")
        for _, lifecycle in lifecycles()
        for step, rules in lifecycle.steps.items()
        if rules.by & STAFF
    }
    written = set()
    for act in DEEDS:
        with transaction.atomic():
            written.add(act(ada, ben, dora)[0])
            transaction.set_rollback(True)
    assert in_tables - written == set()
    by_route = {deed for deeds in BY_ROUTE.values() for deed in deeds.split(", ")}
    assert by_route == written, "what no door leads to, or nobody does"


def test_no_door_of_the_staff_is_left_out():
    """A new page or call by which staff alone does something fails here until it has its deed."""
    doors = {
        line.route for line in LINES if line.may == "dora" and set(line.methods.split()) - {"GET"}
    }
    assert doors == set(BY_ROUTE) | set(UNWRITTEN)
    assert set(BY_ROUTE).isdisjoint(UNWRITTEN)


def test_who_gets_keys_and_which_rules_come_are_written_down(cleo):
    grant_staff_roles(user_id=cleo.pk, roles={"support", "finance"}, by=SYSTEM)
    assert (last().deed, last().by, last().about) == ("grant roles", None, [cleo.pk])
    assert last().text == "Cleo has finance, support at the desk."

    policy = add_version({"review_period_days": 9})
    assert (last().deed, last().subject) == ("add policy", f"version {policy.version}")


# --- The chain -----------------------------------------------------------------------------------


def some(count: int = 3, **said) -> list[AuditEntry]:
    for number in range(count):
        words = {"text": f"Deed {number}: “quoted”, \\ \n\t\x01 – 日本 🧾 </script>"} | said
        log_deed("test thing", f"th_{number}", by=SYSTEM, role=SYSTEM, about=[3, 1, 3], **words)
    return list(AuditEntry.objects.order_by("number"))


def test_postgresql_links_them_as_anybody_can_recount():
    entries = some()

    previous = ""
    for place, entry in enumerate(entries, start=entries[0].number):
        assert (entry.number, entry.previous_hash) == (place, previous)
        assert entry.hash == link_of(entry, previous)
        previous = entry.hash
    assert entries[0].about == [1, 3]


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE marketplace_auditentry SET text = 'Nothing happened.'",
        "DELETE FROM marketplace_auditentry",
    ],
)
def test_postgresql_refuses_to_change_or_forget_one(statement):
    some(1)

    with pytest.raises(DatabaseError, match="the audit log is final"), transaction.atomic():
        connection.cursor().execute(statement)


def test_nor_empties_it_but_in_a_test():
    """The rule of its trigger, under the name of another database."""
    with as_the_owner(), connection.cursor() as cursor:
        cursor.execute(
            "SELECT p.proname, pg_get_functiondef(p.oid) FROM pg_trigger t JOIN pg_proc p"
            " ON p.oid = t.tgfoid WHERE t.tgrelid = 'marketplace_auditentry'::regclass"
            " AND t.tgtype & 32 > 0"
        )
        ((name, body),) = cursor.fetchall()
        cursor.execute("TRUNCATE marketplace_auditentry")  # here it is allowed
        cursor.execute(body.replace("current_database()", "'milepost'::text"))
        is_refused = pytest.raises(DatabaseError, match="log is final: TRUNCATE is refused")
        with is_refused, transaction.atomic():
            cursor.execute("TRUNCATE marketplace_auditentry")
    assert name == "marketplace_audit_log_is_final"


def test_nobody_picks_the_number_or_the_link(ada):
    AuditEntry.objects.create(
        number=900, hash="f" * 64, at=now(), by=ada, role="x", deed="x", subject="x", text="x"
    )

    assert (last().number, the_audit_log_is_whole()) == (AuditEntry.objects.count(), [])


@pytest.mark.parametrize(
    "change",
    [
        {"text": "Nothing happened."},
        {"reason": "Another one."},
        {"about": [2]},
        {"role": "finance"},
        {"at": now()},
        {"deed": "other deed"},
        {"subject": "th_9"},
        {"previous_hash": "0" * 64},
        {"hash": "0" * 64},
    ],
    ids=lambda change: next(iter(change)),
)
def test_a_change_past_all_guards_is_found(change):
    middle = some()[1]

    force(AuditEntry.objects.filter(pk=middle.pk), **change)

    assert any(f"Entry {middle.number} " in line for line in the_audit_log_is_whole())


def test_one_that_was_taken_out_is_missed():
    middle = some()[1]
    with against_the_rules():
        AuditEntry.objects.filter(pk=middle.pk).delete()

    assert "lacks what stood between" in the_audit_log_is_whole()[0]


def test_an_end_that_was_cut_off_is_missed_by_who_noted_the_head(capsys):
    *_, newest = some()
    head = head_of_the_audit_log()
    call_command("check_ledger", audit_head=head)
    assert f"The audit log ends with {newest.number}:{newest.hash}" in capsys.readouterr().out

    with against_the_rules():
        AuditEntry.objects.filter(pk=newest.pk).delete()
    assert the_audit_log_is_whole() == [], "by itself it does not show"
    with pytest.raises(CommandError, match="1 findings"):
        call_command("check_ledger", audit_head=head)
    # Nor does another one in its place.
    some(1, reason="Another.")
    for noted in (head, "", "x", f"{newest.number}", "9" * 40 + ":x"):
        assert "has no entry" in the_audit_log_still_has(noted)[0]
    assert the_audit_log_still_has(head_of_the_audit_log()) == []


@pytest.mark.django_db(transaction=True)
def test_eight_at_once_stand_in_one_chain(dora):
    before = AuditEntry.objects.count()

    def log() -> None:
        with transaction.atomic():
            log_deed("test thing", "th_1", "A deed.", by=dora, role=FINANCE)

    assert at_once(*[log] * 8) == ["done"] * 8
    assert AuditEntry.objects.count() == before + 8
    assert the_audit_log_is_whole() == []


@pytest.mark.django_db(transaction=True)
def test_without_the_lock_they_collide(dora):
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_get_functiondef('marketplace_link_audit_entry'::regproc)")
        (real,) = cursor.fetchone()
        guard = "PERFORM pg_advisory_xact_lock(hashtext('marketplace_auditentry'));"
        assert guard in real
        cursor.execute("SET ROLE NONE")
        cursor.execute(real.replace(guard, "PERFORM pg_sleep(0.2);"))
    try:

        def log() -> None:
            with transaction.atomic():
                log_deed("test thing", "th_1", "A deed.", by=dora, role=FINANCE)

        with pytest.raises(DatabaseError, match="number"):
            at_once(*[log] * 8)
    finally:
        with connection.cursor() as cursor:
            cursor.execute(real)


def test_what_is_rolled_back_leaves_no_gap():
    some(1)
    with transaction.atomic():
        some(1)
        transaction.set_rollback(True)
    some(1)

    assert the_audit_log_is_whole() == []


# --- Reading -------------------------------------------------------------------------------------


def test_each_reads_what_concerns_them_and_not_who_did_it(ada, ben, cleo, dora, client):
    places_a_hold(ada, ben, dora)

    for reader, sees in ((ben, True), (ada, False), (cleo, False)):
        client.force_login(reader)
        page = client.get("/account/audit/").content.decode()
        body = api_of(reader).get("/api/v1/me/audit/").json()
        assert ("Two payees share a bank account." in page) is sees
        assert (len(body["results"]) == 1) is sees
        assert "Dora" not in page and "by" not in json.dumps(body.get("results"))
    assert entries_about(ben).count() == 1


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ({}, 3),
        ({"words": "basket"}, 1),
        ({"words": "cat -basket"}, 0),
        ({"deed": "hide thing"}, 1),
        ({"subject": "th_1"}, 2),
        ({"subject": "th_1", "words": "dog"}, 1),
        ({"subject": "nobody"}, 0),
    ],
)
def test_staff_finds_by_words_deed_and_thing(asked, found, dora, client):
    before = search_entries(reader=dora).count()
    log_deed("test thing", "th_1", "The basket of the cat.", by=dora, role=FINANCE)
    log_deed("test thing", "th_1", "Another deed.", by=dora, role=FINANCE, reason="A dog.")
    log_deed("hide thing", "th_2", "Something.", by=dora, role=MODERATOR)

    assert search_entries(reader=dora, **asked).count() == found + (before if not asked else 0)
    client.force_login(dora)
    assert client.get("/desk/audit/", asked).status_code == 200
    body = api_of(dora).get("/api/v1/desk/audit/", asked).json()
    assert len(body["results"]) == found + (before if not asked else 0)


def by_door(reader, asked: dict[str, str]) -> list[list[str]]:
    """The subjects of what is found, by the page and by the call."""
    page = browser(reader).get("/desk/audit/", asked)
    assert page.status_code == 200, page.context["form"].errors
    found = api_of(reader).get("/api/v1/desk/audit/", asked).json()["results"]
    return [[one.subject for one in page.context["page"].items], [one["subject"] for one in found]]


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ({"by": "mona"}, ["th_2"]),
        ({"by": "{mona}"}, ["th_2"]),
        ({"by": "Dora"}, ["th_3", "th_1"]),
        ({"about": "{ben}"}, ["th_3", "th_1"]),
        ({"about": "Ben", "by": "Mona"}, []),
        ({"since": "2030-05-02"}, ["th_3", "th_2"]),
        ({"until": "2030-05-01"}, ["th_1"]),
        ({"since": "2030-05-02", "until": "2030-05-02"}, ["th_2"]),
        ({"since": "0001-01-01", "until": "9999-12-31", "by": "Mona"}, ["th_2"]),
    ],
    ids=str,
)
def test_staff_finds_by_who_did_it_whom_it_concerns_and_when(
    asked, found, ada, ben, dora, time_machine
):
    mona = person("Mona")
    asked = {
        name: said.format(mona=mona.public_id, ben=ben.public_id) for name, said in asked.items()
    }
    for day, by, about in [(1, dora, [ben.pk]), (2, mona, [ada.pk]), (3, dora, [ada.pk, ben.pk])]:
        time_machine.move_to(datetime(2030, 5, day, 23, 59, 59, tzinfo=UTC), tick=False)
        log_deed("test thing", f"th_{day}", "Done.", by=by, role=FINANCE, about=about)
    asked["deed"] = "test thing"

    assert by_door(dora, asked) == [found, found]


@pytest.mark.parametrize("asked", ["by", "about", "since"])
def test_no_search_tells_staff_who_wrote_about_them(asked, ben, dora, time_machine):
    """Not even that there is something: what others did about them they read as everybody."""
    emil = grant_staff_roles(user_id=person("Emil").pk, roles={"support"}, by=SYSTEM)
    mona, when = person("Mona"), datetime(2030, 5, 1, tzinfo=UTC)
    time_machine.move_to(when, tick=False)
    log_deed("test thing", "th_1", "Held.", by=mona, role=MODERATOR, about=[emil.pk, ben.pk])
    log_deed("test thing", "th_2", "Held.", by=emil, role=MODERATOR, about=[emil.pk])
    search = {
        "by": {"by": mona.public_id},
        "about": {"about": "Emil"},
        "since": {"since": "2030-05-01", "until": "2030-05-01"},
    }[asked]

    own = [] if asked == "by" else ["th_2"]
    assert by_door(emil, search) == [own, own]
    assert "th_1" in by_door(dora, search)[0]


def test_a_search_for_people_and_days_asks_as_much_for_many_as_for_one(ben, dora):
    asked = {"by": "Dora", "about": "Ben", "since": "2020-01-01", "until": "9999-12-31"}
    for client, path in (
        (browser(dora), "/desk/audit/"),
        (api_of(dora), "/api/v1/desk/audit/"),
    ):
        grows_for_free(
            lambda client=client, path=path: client.get(path, asked),
            lambda: log_deed("test thing", "th", "Done.", by=dora, role=FINANCE, about=[ben.pk]),
        )


@pytest.mark.parametrize(
    ("asked", "field", "said"),
    [
        ({"words": "x" * 201}, "words", "at most"),
        ({"subject": "x" * 61}, "subject", "at most"),
        ({"by": "x" * 201}, "by", "at most"),
        ({"by": "Nobody at all"}, "by", "Nobody has this public id or name."),
        ({"about": "us_0"}, "about", "Nobody has this public id or name."),
        ({"since": "yesterday"}, "since", "valid date"),
        ({"until": "2030-02-30"}, "until", "valid date"),
        ({"since": "2030-05-02", "until": "2030-05-01"}, "until", "It ends before it begins."),
    ],
    ids=str,
)
def test_a_search_that_cannot_be_meant_is_refused_in_words(asked, field, said, dora, client):
    client.force_login(dora)
    page = client.get("/desk/audit/", asked)
    assert page.status_code == 400 and said in page.content.decode()
    assert list(page.context["form"].errors) == [field]
    assert not page.context["page"].items
    answer = api_of(dora).get("/api/v1/desk/audit/", asked)
    assert (answer.status_code, answer.json()["error"]["param"]) == (400, field)


def test_a_search_that_is_refused_does_not_say_that_nothing_was_done(dora, client):
    """Of this and of the other lists of the desk."""
    client.force_login(dora)
    for page in ("audit", "payouts", "mails", "givebacks", "disputes", "contracts"):
        shown = client.get(f"/desk/{page}/", {"words": "x" * 201}).content.decode()
        assert "This cannot be searched for" in shown, page
        assert not re.search("None of these fits|Nothing like that was done", shown), page


def test_a_long_reason_is_read_in_its_lines_to_its_end(ben, dora, client):
    reason = "Two clients say so.\n" + "They sent what they were sent. " * 60 + "So <it> is."
    log_deed("test thing", "th_1", "A deed.", by=dora, role=FINANCE, about=[ben.pk], reason=reason)
    for reader, page in ((ben, "/account/audit/"), (dora, "/desk/audit/")):
        client.force_login(reader)
        shown = client.get(page).content.decode()
        assert "Two clients say so.<br>They sent" in shown, page
        assert "So &lt;it&gt; is.</p>" in shown, page


@pytest.mark.parametrize(
    "asked", [{"words": "\0"}, {"subject": "\0"}, {"by": "\0"}, {"words": "a & ' | !!"}]
)
def test_odd_signs_break_nothing(asked, dora, client):
    client.force_login(dora)
    assert client.get("/desk/audit/", asked).status_code in (200, 400)
    assert api_of(dora).get("/api/v1/desk/audit/", asked).status_code in (200, 400)


def test_somebody_with_one_key_reads_it_all_and_a_stranger_nothing(ada, ben, dora):
    decides(ada, ben, dora)
    helper = person("Eve")
    assert api_of(helper).get("/api/v1/desk/audit/").status_code == 404
    grant_staff_roles(user_id=helper.pk, roles={"support"}, by=SYSTEM)
    rows = api_of(helper).get("/api/v1/desk/audit/").json()["results"]
    assert rows[0]["deed"] == "decide dispute", "what was done about them they read elsewhere"
    assert rows[0]["by"] == "Dora" and own_party_of(ada)


def test_a_day_of_a_long_log_is_found_by_its_index(dora):
    """Of one day, or a few; where many are asked for, the newest of them are read by number."""
    AuditEntry.objects.bulk_create(
        AuditEntry(at=datetime(2030, 1, 1, tzinfo=UTC) + timedelta(hours=n), deed="test thing")
        for n in range(3_000)
    )
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE marketplace_auditentry")

    day = date(2030, 2, 1)
    of_a_day = search_entries(reader=dora, since=day, until=day)
    assert of_a_day.count() == 24
    assert "audit_entries_by_day" in of_a_day[:21].explain()
