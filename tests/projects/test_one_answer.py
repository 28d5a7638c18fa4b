"""One Idempotency-Key, one deed, one answer: committed together, and kept for a week."""

import json
from datetime import timedelta

import pytest
from django.db import IntegrityError
from django.db.models import F
from django.test import Client

from marketplace.common import clock, idempotency
from marketplace.common.errors import ProviderUnreachable
from marketplace.common.models import IdempotencyRecord
from marketplace.tasks import prune_idempotency_records
from payments.escrow.models import Part
from payments.fundings import services as fundings
from payments.fundings.models import Payment
from projects.bonuses.models import Bonus
from projects.milestones.models import Milestone
from projects.milestones.parts import services as parts
from projects.milestones.services import start_work
from tests.races import outcomes_at_once
from tests.world import active_contract, api_of, funded_milestone, planned_milestone

pytestmark = pytest.mark.django_db
ONCE = {"Idempotency-Key": "once"}
AT_ONCE = 8
# What a program may repeat without a key: it writes nothing, or its answer lives for minutes.
WITHOUT_A_KEY = {
    "/api/v1/bids/quotes/",
    "/api/v1/contracts/{public_id}/change-orders/preview/",
    "/api/v1/desk/disputes/{public_id}/preview/",
    "/api/v1/payout-account/",
}


def address_of(milestone: Milestone, deed: str) -> str:
    return f"/api/v1/milestones/{milestone.public_id}/{deed}/"


# --- One deed, one answer ------------------------------------------------------------------------


def test_a_repeated_call_gets_the_first_answer_however_the_world_has_moved(ada, ben):
    milestone = funded_milestone(ada, ben)
    first = api_of(ada).post(address_of(milestone, "release-part"), {"amount": 400}, headers=ONCE)
    start_work(milestone_id=milestone.pk, by=ben)

    again = api_of(ada).post(address_of(milestone, "release-part"), {"amount": 400}, headers=ONCE)

    assert (first.status_code, again.status_code) == (200, 200)
    assert again.json() == first.json()
    assert (first.get("Idempotent-Replayed"), again["Idempotent-Replayed"]) == (None, "true")
    assert Part.objects.count() == 1


def test_a_refusal_is_an_answer_too(ada, ben):
    milestone = planned_milestone(ada, ben)
    first = api_of(ada).post(address_of(milestone, "release"), headers=ONCE)
    again = api_of(ada).post(address_of(milestone, "release"), headers=ONCE)

    assert first.status_code == again.status_code == 409
    assert again.json() == first.json()
    assert again["Idempotent-Replayed"] == "true"


@pytest.mark.parametrize("other", ["body", "address"])
def test_another_request_with_the_same_key_is_refused(ada, ben, other):
    milestone = funded_milestone(ada, ben)
    api = api_of(ada)
    assert api.post(address_of(milestone, "release-part"), {"amount": 400}, headers=ONCE).json()

    if other == "body":
        answer = api.post(address_of(milestone, "release-part"), {"amount": 401}, headers=ONCE)
    else:
        answer = api.post(address_of(milestone, "release"), {"amount": 400}, headers=ONCE)

    assert answer.status_code == 409
    assert answer.json()["error"]["code"] == "key_reused"
    assert answer.json()["error"]["param"] == "Idempotency-Key"
    assert Part.objects.count() == 1


def test_a_key_is_one_persons_own(ada, ben):
    milestone = funded_milestone(ada, ben)
    taken = api_of(ada).post(address_of(milestone, "release-part"), {"amount": 400}, headers=ONCE)
    begun = api_of(ben).post(address_of(milestone, "start"), headers=ONCE)

    assert (taken.status_code, begun.status_code) == (200, 200)
    assert IdempotencyRecord.objects.count() == 2


@pytest.mark.parametrize("key", ["", "x" * 256, "a\tb"])
def test_what_is_no_key_is_refused(ada, ben, key):
    answer = api_of(ada).post(
        address_of(planned_milestone(ada, ben), "fund"), headers={"Idempotency-Key": key}
    )
    assert (answer.status_code, answer.json()["error"]["param"]) == (400, "Idempotency-Key")


def test_trouble_in_the_deed_undoes_all_of_it_and_leaves_the_key_free(ada, ben, monkeypatch):
    milestone = funded_milestone(ada, ben)
    tell, troubles = parts.tell_other_side, [RuntimeError("The disk is full.")]

    def in_trouble(*args, **named):
        if troubles:
            raise troubles.pop()
        return tell(*args, **named)

    monkeypatch.setattr(parts, "tell_other_side", in_trouble)
    with pytest.raises(RuntimeError):
        api_of(ada).post(address_of(milestone, "release-part"), {"amount": 400}, headers=ONCE)
    assert not Part.objects.exists() and not IdempotencyRecord.objects.exists()

    again = api_of(ada).post(address_of(milestone, "release-part"), {"amount": 400}, headers=ONCE)
    assert (again.status_code, Part.objects.count()) == (200, 1)


# --- What follows the deed -----------------------------------------------------------------------


def test_where_the_provider_is_silent_the_same_call_goes_on_with_what_it_has_done(
    ada, ben, sandbox, monkeypatch
):
    contract = active_contract(ada, ben, [10_000])
    url, body = f"/api/v1/contracts/{contract.public_id}/bonuses/", {"amount": 5_000}
    open_page = fundings.open_pay_page
    monkeypatch.setattr(fundings, "open_pay_page", _silent)
    first = api_of(ada).post(url, body, headers=ONCE)
    assert (first.status_code, first.json()["error"]["code"]) == (503, "provider_unreachable")

    monkeypatch.setattr(fundings, "open_pay_page", open_page)
    again, once_more = (api_of(ada).post(url, body, headers=ONCE) for _ in range(2))

    assert (again.status_code, again.json()) == (201, once_more.json())
    assert again.json()["bonus"]["id"] == Bonus.objects.get().public_id
    assert again.json()["payment"]["url"].startswith(sandbox.url)


def _silent(**_: object) -> Payment:
    raise ProviderUnreachable("The payment provider did not answer.")


def test_what_somebody_is_going_on_with_is_under_way_for_a_minute(ada, ben, sandbox, monkeypatch):
    milestone = planned_milestone(ada, ben)
    open_page = fundings.open_pay_page
    monkeypatch.setattr(fundings, "open_pay_page", _dying)
    with pytest.raises(SystemExit):
        api_of(ada).post(address_of(milestone, "fund"), headers=ONCE)
    monkeypatch.setattr(fundings, "open_pay_page", open_page)
    # However far the clock of the house is moved meanwhile.
    monkeypatch.setattr(clock, "_offset", timedelta(days=3))

    early = api_of(ada).post(address_of(milestone, "fund"), headers=ONCE)
    assert (early.status_code, early.json()["error"]["code"]) == (409, "idempotency_in_progress")
    assert 1 <= int(early["Retry-After"]) <= 60

    IdempotencyRecord.objects.update(busy_until=F("busy_until") - timedelta(minutes=1))
    late, later = (api_of(ada).post(address_of(milestone, "fund"), headers=ONCE) for _ in range(2))
    assert (late.status_code, late.json()) == (200, later.json())
    assert late.json()["payment"]["id"] == Payment.objects.get().public_id


def _dying(**_: object) -> Payment:
    raise SystemExit


def test_where_two_go_on_with_it_the_first_answer_counts(ada):
    record = IdempotencyRecord.objects.create(
        user=ada, key="once", request_sha256="a", started_at=clock.now(), begun={"number": 1}
    )

    def faster(begun: dict[str, int]) -> idempotency.Answered:
        idempotency.go_on(record, step=lambda begun: _said(200, begun), refusal_of=lambda _: None)
        return _said(409, begun)

    kept = idempotency.go_on(record, step=faster, refusal_of=lambda _: None)

    assert (kept.status, kept.body) == (200, {"number": 1})


def _said(status: int, begun: dict[str, int]) -> idempotency.Answered:
    return idempotency.Answered(status, begun)


# --- At once -------------------------------------------------------------------------------------


def released_at_once(api: Client, milestone: Milestone, headers: dict[str, str]) -> list[object]:
    """What each of eight was told: status and body, or what broke."""

    def ask() -> object:
        url, body = address_of(milestone, "release-part"), json.dumps({"amount": 400})
        answer = api.post(url, body, content_type="application/json", headers=headers)
        return answer.status_code, answer.json()

    return outcomes_at_once(*[ask] * AT_ONCE)


@pytest.mark.django_db(transaction=True)
def test_eight_at_once_with_one_key_are_one_deed_and_one_answer(ada, ben):
    milestone, api = funded_milestone(ada, ben), api_of(ada)

    told = released_at_once(api, milestone, ONCE)

    answers = [body for status, body in told if status == 200]
    refusals = [(status, body["error"]["code"]) for status, body in told if status != 200]
    assert answers and all(answer == answers[0] for answer in answers)
    assert set(refusals) <= {(409, "idempotency_in_progress")}
    assert Part.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_without_its_lock_they_break_at_the_databases_own(ada, ben, monkeypatch):
    milestone, api = funded_milestone(ada, ben), api_of(ada)
    monkeypatch.setattr(idempotency, "_be_alone", lambda name: None)
    monkeypatch.setattr(idempotency, "find", lambda **asked: None)

    told = released_at_once(api, milestone, ONCE)

    assert sum(isinstance(end, IntegrityError) for end in told) == AT_ONCE - 1
    assert Part.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_without_a_key_eight_are_eight(ada, ben):
    milestone, api = funded_milestone(ada, ben), api_of(ada)

    told = released_at_once(api, milestone, {})

    assert [status for status, _ in told] == [200] * AT_ONCE
    assert Part.objects.count() == AT_ONCE


@pytest.mark.django_db(transaction=True)
def test_while_the_first_is_under_way_the_second_is_told_to_come_again(ada, ben, monkeypatch):
    milestone, api = funded_milestone(ada, ben), api_of(ada)
    seen, tell = [], parts.tell_other_side

    def meanwhile(*args, **named):
        seen.extend(outcomes_at_once(again))
        return tell(*args, **named)

    def again():
        return api.post(address_of(milestone, "release-part"), {"amount": 400}, headers=ONCE)

    monkeypatch.setattr(parts, "tell_other_side", meanwhile)
    first = again()

    assert first.status_code == 200
    assert (seen[0].status_code, seen[0].json()["error"]["code"]) == (
        409,
        "idempotency_in_progress",
    )
    assert seen[0]["Retry-After"] == "1"
    assert again().json() == first.json()


# --- For a week ----------------------------------------------------------------------------------


def test_answers_are_forgotten_after_a_week_and_not_before(ada, ben):
    milestone = funded_milestone(ada, ben)
    for key, days in (("old", 8), ("young", 6)):
        headers = {"Idempotency-Key": key}
        url = address_of(milestone, "release-part")
        assert api_of(ada).post(url, {"amount": 400}, headers=headers).status_code == 200
        IdempotencyRecord.objects.filter(key=key).update(
            started_at=F("started_at") - timedelta(days=days)
        )

    assert prune_idempotency_records() == 1
    assert prune_idempotency_records() == 0

    assert IdempotencyRecord.objects.get().key == "young"


def test_a_key_without_a_deed_cannot_be_kept(ada):
    with pytest.raises(IntegrityError, match="an_idempotency_key_stands_for_a_deed"):
        IdempotencyRecord.objects.create(
            user=ada, key="once", request_sha256="a", started_at=clock.now()
        )


# --- In the description --------------------------------------------------------------------------


def test_the_description_of_the_api_says_where_a_key_counts_and_for_how_long(client):
    described = client.get("/api/v1/openapi.json").json()

    with_key = {path for path, parameters in _posts(described) if "Idempotency-Key" in parameters}
    without = {path for path, _ in _posts(described)} - with_key
    assert {path for path in without if not _is_about_people(path)} == WITHOUT_A_KEY
    assert not {path for path in with_key if _is_about_people(path)}
    assert f"{idempotency.KEPT_FOR.days} days" in described["info"]["description"]
    assert "idempotency_in_progress" in described["info"]["description"]


def _posts(described: dict) -> list[tuple[str, set[str]]]:
    return [
        (path, {parameter["name"] for parameter in methods["post"].get("parameters", [])})
        for path, methods in described["paths"].items()
        if "post" in methods
    ]


def _is_about_people(path: str) -> bool:
    """Log-in, tokens, notices: nothing that counts twice when it is done twice."""
    return path.startswith(("/api/v1/auth/", "/api/v1/me/", "/api/v1/notifications/"))
