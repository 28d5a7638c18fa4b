"""Texts that mediators keep for their decisions, and insert without losing what they have typed."""

import pytest

from accounts.people.models import User
from accounts.people.services import grant_staff_roles
from marketplace.common.audit import the_audit_log_is_whole
from marketplace.common.errors import InvalidInput, NotAllowed
from marketplace.common.lifecycle import SYSTEM
from marketplace.common.models import AuditEntry
from projects.disputes.models import Dispute, Ruling
from projects.disputes.templates.models import ReasonTemplate
from projects.disputes.templates.services import delete_template, edit_template, write_template
from projects.management.demo.seed import seed
from projects.management.demo.templates import TEMPLATES
from tests.projects.two_mediators import mediator
from tests.races import at_once
from tests.test_growing_lists import grows_for_free
from tests.world import api_of, browser, person, reviewed_dispute

pytestmark = pytest.mark.django_db

WORDS = {"name": "Met in part", "facts": "Met: …", "rule": "Each for itself.", "reasons": "So."}


@pytest.fixture
def template(dora) -> ReasonTemplate:
    return write_template(by=dora, **WORDS)


@pytest.fixture
def case(ada, ben) -> Dispute:
    return reviewed_dispute(ada, ben)


def fields(page) -> dict[str, str]:
    form = page.context["form"]
    return {name: form[name].value() or "" for name in ("facts", "rule", "reasons")}


def test_one_is_written_changed_and_thrown_away_and_all_of_it_is_in_the_log(template, dora):
    emil = mediator("Emil")
    edit_template(template_id=template.pk, by=emil, **WORDS | {"facts": ""})
    changed = ReasonTemplate.objects.get()
    assert (changed.facts, changed.by) == ("", emil)
    delete_template(template_id=template.pk, by=dora)

    assert not ReasonTemplate.objects.exists()
    written = AuditEntry.objects.filter(subject=template.public_id).order_by("number")
    assert list(written.values_list("deed", "by__email", "about")) == [
        ("write template", dora.email, []),
        ("edit template", emil.email, []),
        ("delete template", dora.email, []),
    ]
    assert the_audit_log_is_whole() == []


@pytest.mark.parametrize(
    ("param", "words"),
    [
        ("name", {"name": ""}),
        ("name", {"name": "x" * 81}),
        ("name", {"name": "two\nlines"}),
        ("rule", {"rule": "x" * 301}),
        ("facts", {"facts": "a\x00"}),
        ("reasons", {"reasons": "x" * 10_001}),
        ("reasons", {"facts": " ", "rule": "", "reasons": ""}),
        ("name", {}),
    ],
)
def test_what_is_no_template_is_refused_about_its_field(template, dora, param, words):
    with pytest.raises(InvalidInput) as refusal:
        write_template(by=dora, **WORDS | words)

    assert refusal.value.param == param
    assert ReasonTemplate.objects.count() == 1


@pytest.mark.parametrize("role", ["", "support", "moderator", "finance"])
def test_they_are_the_mediators_own(template, role):
    fay = person("Fay")
    fay = grant_staff_roles(user_id=fay.pk, roles={role}, by=SYSTEM) if role else fay

    for act in (
        lambda: write_template(by=fay, **WORDS | {"name": "Another"}),
        lambda: edit_template(template_id=template.pk, by=fay, **WORDS),
        lambda: delete_template(template_id=template.pk, by=fay),
    ):
        with pytest.raises(NotAllowed):
            act()
    one = f"/desk/templates/{template.public_id}/"
    for url in ("/desk/templates/", one):
        assert browser(fay).get(url).status_code == browser(fay).post(url, WORDS).status_code == 404
    assert browser(fay).post(f"{one}delete/").status_code == 404
    call = api_of(fay)
    for url in ("/api/v1/desk/templates/", f"/api/v1{one}"):
        assert call.get(url).status_code == 404
    assert call.post("/api/v1/desk/templates/", WORDS).status_code == 404
    assert call.put(f"/api/v1{one}", WORDS).status_code == 404
    assert call.delete(f"/api/v1{one}").status_code == 404
    assert b"/desk/templates/" not in browser(fay).get("/desk/disputes/").content
    assert ReasonTemplate.objects.get().by != fay


@pytest.mark.django_db(transaction=True)
def test_of_eight_who_take_one_name_at_once_one_has_it(db):
    emil = mediator("Emil")

    outcomes = at_once(*[lambda: write_template(by=emil, **WORDS)] * 8)

    assert sorted(outcomes) == ["done"] + ["invalid_input"] * 7
    assert AuditEntry.objects.filter(deed="write template").count() == 1


# --- At the desk ---------------------------------------------------------------------------------


def test_at_the_desk(dora):
    desk = browser(dora)
    assert b"/desk/templates/" in desk.get("/desk/disputes/").content
    assert "There is none yet" in desk.get("/desk/templates/").content.decode()
    assert desk.post("/desk/templates/", WORDS).status_code == 302
    again = desk.post("/desk/templates/", WORDS)
    assert again.status_code == 400 and "of this name already" in again.content.decode()
    one = ReasonTemplate.objects.get()
    assert "Met in part" in desk.get("/desk/templates/").content.decode()
    desk.post(f"/desk/templates/{one.public_id}/", WORDS | {"name": "Half"})
    assert ReasonTemplate.objects.get().name == "Half"
    desk.post(f"/desk/templates/{one.public_id}/delete/")
    assert not ReasonTemplate.objects.exists()


def test_the_api_lists_writes_changes_and_throws_away(dora):
    desk, url = api_of(dora), "/api/v1/desk/templates/"
    only = {"name": "Nothing was delivered", "reasons": "So."}
    written = [desk.post(url, words) for words in (WORDS, only)]
    assert [answer.status_code for answer in written] == [201, 201]
    rows = desk.get(url).json()["results"]
    assert rows == [answer.json() for answer in written]
    assert (rows[0]["facts"], rows[0]["by"], rows[1]["facts"]) == ("Met: …", "Dora", "")

    one = f"{url}{rows[1]['id']}/"
    assert desk.put(one, WORDS | {"name": "Half"}).json() == desk.get(one).json()
    assert (desk.get(one).json()["name"], desk.get(one).json()["rule"]) == ("Half", WORDS["rule"])
    for answer in (desk.post(url, WORDS), desk.put(one, WORDS)):
        assert (answer.status_code, answer.json()["error"]["param"]) == (400, "name")
    assert desk.post(url, {"name": "Empty"}).json()["error"]["param"] == "reasons"
    assert desk.delete(one).status_code == 204 and desk.get(one).status_code == 404
    assert [row["name"] for row in desk.get(url).json()["results"]] == ["Met in part"]


def test_the_api_asks_no_more_for_more_of_them(dora):
    names = iter("abcdefgh")
    grows_for_free(
        lambda: api_of(dora).get("/api/v1/desk/templates/"),
        lambda: write_template(by=dora, **WORDS | {"name": next(names)}),
    )


def test_one_choice_fills_in_what_is_empty_and_leaves_what_is_typed(case, template, dora):
    typed = {"to_freelancer": "12.34", "facts": "I saw it.", "rule": " ", "reasons": ""}
    chosen = {"insert": "1", "template": template.public_id}

    page = browser(dora).post(f"{case.desk_path}rulings/", typed | chosen)

    assert page.status_code == 200
    assert fields(page) == {"facts": "I saw it.", "rule": "Each for itself.", "reasons": "So."}
    assert page.context["form"]["to_freelancer"].value() == "12.34"
    assert "What you have written stays" in page.content.decode()
    assert not Ruling.objects.exists()
    empty = browser(dora).post(f"{case.desk_path}rulings/", chosen)
    assert "What you have written stays" not in empty.content.decode()


@pytest.mark.parametrize("chosen", ["gone", "", "\0"])
def test_what_is_typed_survives_a_template_that_is_gone(case, template, dora, chosen):
    """Somebody has thrown it away meanwhile, or nobody can look for it: nothing is lost."""
    chosen = template.public_id if chosen == "gone" else chosen
    delete_template(template_id=template.pk, by=dora)
    typed = {"to_freelancer": "12.34", "facts": "I saw it.", "rule": "So.", "reasons": "Why."}

    sent = {"insert": "1", "template": chosen} | typed
    page = browser(dora).post(f"{case.desk_path}rulings/", sent)

    assert page.status_code == 200
    assert fields(page) == {name: typed[name] for name in ("facts", "rule", "reasons")}
    assert page.context["form"]["to_freelancer"].value() == "12.34"
    assert "there no longer. What you have written stays." in page.content.decode()


def test_the_address_says_it_too(case, template, dora):
    page = browser(dora).get(case.desk_path, {"template": template.public_id})

    assert fields(page) == {name: WORDS[name] for name in ("facts", "rule", "reasons")}
    assert "Insert it" in page.content.decode()
    assert browser(dora).get(case.desk_path, {"template": "rt_x"}).status_code == 404
    assert browser(dora).get(case.desk_path, {"template": "\0"}).status_code == 400


def test_without_one_there_is_nothing_to_insert(case, dora):
    page = browser(dora).get(case.desk_path).content.decode()

    assert "Insert it" not in page and "Facts found" in page


def test_who_is_no_mediator_inserts_none(case, template):
    fay: User = grant_staff_roles(user_id=person("Fay").pk, roles={"support"}, by=SYSTEM)

    assert browser(fay).get(case.desk_path, {"template": template.public_id}).status_code == 404


def test_the_demo_begins_with_some():
    assert seed()

    assert ReasonTemplate.objects.count() == len(TEMPLATES)
