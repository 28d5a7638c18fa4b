"""Ten million characters about a dispute: refused in words, and nothing is said or done."""

import pytest
from django.test import Client

from projects.disputes.models import Dispute, Statement
from tests.projects.dispute_world import rule
from tests.world import api_of, opened_dispute, reviewed_dispute, submitted_milestone

pytestmark = pytest.mark.django_db

TOO_MANY = "x" * 10_000_000
OPENING = {"reason": "late", "asked_for": "0"}


def to_open(ada, ben, dora) -> tuple[str, str, str]:
    milestone = f"/milestones/{submitted_milestone(ada, ben).public_id}/"
    return f"{milestone}dispute/", f"{milestone}dispute/", f"{milestone}disputes/"


def to_answer(ada, ben, dora) -> tuple[str, str, str]:
    shown = opened_dispute(ada, ben, by=ben).path
    return shown, f"{shown}answer/", f"{shown}answer/"


def to_state(ada, ben, dora) -> tuple[str, str, str]:
    shown = reviewed_dispute(ada, ben).path
    return shown, f"{shown}statements/", f"{shown}statements/"


def to_appeal(ada, ben, dora) -> tuple[str, str, str]:
    shown = rule(reviewed_dispute(ada, ben), dora).path
    return shown, f"{shown}appeal/", f"{shown}appeals/"


def by_the_page(ada, shown: str, page: str, call: str) -> tuple[int, str]:
    client = Client(enforce_csrf_checks=True)
    client.force_login(ada)
    assert client.get(shown).status_code == 200
    form = OPENING | {"csrfmiddlewaretoken": client.cookies["csrftoken"].value}
    answer = client.post(page, form | {"statement": TOO_MANY})
    return answer.status_code, answer.text


def by_json(ada, shown: str, page: str, call: str, *, shape: str = "json") -> tuple[int, str]:
    body = OPENING | {"statement": TOO_MANY}
    answer = api_of(ada).post(f"/api/v1{call}", body, format=shape)
    error = answer.json()["error"]
    assert error["code"] == "too_large"
    return answer.status_code, error["message"]


def by_multipart(ada, shown: str, page: str, call: str) -> tuple[int, str]:
    return by_json(ada, shown, page, call, shape="multipart")


def on_file() -> tuple[list[str], int]:
    return list(Dispute.objects.values_list("status", flat=True)), Statement.objects.count()


@pytest.mark.parametrize("door", [by_the_page, by_json, by_multipart])
@pytest.mark.parametrize("scene", [to_open, to_answer, to_state, to_appeal])
def test_they_are_refused_at_every_door_and_nothing_is_said(ada, ben, dora, scene, door):
    where = scene(ada, ben, dora)
    before = on_file()

    status, words = door(ada, *where)

    assert status == 413
    assert "That is more text, or more fields, than we take in one piece." in words
    assert on_file() == before
