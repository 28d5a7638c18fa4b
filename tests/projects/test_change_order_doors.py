"""Changes of an agreement by the pages and by the API."""

from datetime import datetime, time
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from accounts.notifications.models import Notification
from marketplace.common.clock import now
from payments.escrow.models import Escrow
from payments.ledger.models import Transfer
from projects.agreements.changes.models import ChangeOrder
from projects.agreements.changes.services import accept_change
from projects.contracts.models import Agreement, Event
from projects.milestones.models import Milestone
from projects.milestones.services import cancel_milestone
from projects.tasks import lapse_changes
from tests.projects.change_world import another, in_days, price_to, proposed, wish
from tests.test_growing_lists import cost
from tests.world import SIGNED, active_contract, api_of, browser, funded_milestone, plan_of

pytestmark = pytest.mark.django_db


def shown(person, path: str, status: int = 200) -> str:
    answer = browser(person).get(path)
    assert answer.status_code == status
    return answer.content.decode()


def form_of(milestone: Milestone, **said: str) -> dict[str, str]:
    """What the page sends where nothing was touched, and what is said."""
    name = milestone.public_id
    stands = {
        f"{name}-amount": "1000.00",
        f"{name}-due_on": f"{milestone.due_at:%Y-%m-%d}",
        f"{name}-criteria": "\n".join(milestone.criteria),
        "note": "",
    } | SIGNED
    return stands | said


def test_by_the_pages_from_proposal_to_the_next_version(ada, ben):
    milestone = funded_milestone(ada, ben)
    contract, name = milestone.contract, milestone.public_id
    page, path = f"/contracts/{contract.public_id}/", f"/contracts/{contract.public_id}/change/"
    assert "Propose a change" in shown(ada, page)
    said = form_of(milestone, **{f"{name}-amount": "700", "note": "Fewer pages."})

    preview = browser(ben).post(path, said | {"preview": "1"}).content.decode()
    assert "Password</label>" in preview, "it is needed, and not called optional"
    assert "$700.00" in preview and "$309.00" in preview and not ChangeOrder.objects.exists()
    assert browser(ben).post(path, said).status_code == 302

    order = ChangeOrder.objects.get()
    assert [set(change) for change in order.changes] == [{"position", "amount"}]
    for person in (ada, ben):
        text = shown(person, page)
        assert "Fewer pages." in text and "$309.00" in text
    assert "Answer the change of the agreement" in shown(ada, page)
    assert browser(ada).post(f"/change-orders/{order.public_id}/accept/", SIGNED).status_code == 302
    agreement = shown(ben, f"/contracts/{contract.public_id}/agreement/")
    assert "Changed in version 2" in agreement and "$700.00" in agreement


def test_a_page_that_changes_nothing_says_so(ada, ben):
    milestone = funded_milestone(ada, ben)
    path = f"/contracts/{milestone.contract.public_id}/change/"
    answer = browser(ada).post(path, form_of(milestone))
    assert answer.status_code == 400 and "Change something." in answer.content.decode()


@pytest.mark.parametrize(
    ("field", "text", "words"),
    [
        ("amount", "1", "at least"),
        ("amount", "<script>", "amount"),
        ("due_on", "2020-01-01", "still ahead"),
        ("due_on", "soon", "valid date"),
        ("criteria", "\n".join(["x"] * 11), "At most 10"),
    ],
)
def test_what_is_wrong_stands_beside_its_field_and_nothing_typed_is_lost(
    field, text, words, ada, ben
):
    milestone = funded_milestone(ada, ben)
    path = f"/contracts/{milestone.contract.public_id}/change/"
    said = form_of(milestone, **{f"{milestone.public_id}-{field}": text, "note": "Please."})
    answer = browser(ada).post(path, said)
    body = answer.content.decode()
    assert answer.status_code == 400 and words in body and "Please." in body
    assert "<script>alert" not in body and not ChangeOrder.objects.exists()


def test_a_new_milestone_and_a_dropped_one_by_the_page(ada, ben):
    contract = active_contract(ada, ben, plan=plan_of(50_000, 70_000))
    first, second = contract.milestones.order_by("position")
    said = {
        f"{first.public_id}-amount": "500.00",
        f"{first.public_id}-due_on": f"{first.due_at:%Y-%m-%d}",
        f"{first.public_id}-criteria": "\n".join(first.criteria),
        f"{second.public_id}-drop": "on",
        f"{second.public_id}-amount": "700.00",
        f"{second.public_id}-due_on": f"{second.due_at:%Y-%m-%d}",
        f"{second.public_id}-criteria": "\n".join(second.criteria),
        "new-0-title": "A shop <b>instead</b>",
        "new-0-amount": "900",
        "new-0-due_on": f"{in_days(40):%Y-%m-%d}",
        "new-0-criteria": "It sells\nIt ships",
    } | SIGNED
    path = f"/contracts/{contract.public_id}/change/"
    assert browser(ada).post(path, said).status_code == 302
    order = ChangeOrder.objects.get()
    assert [set(change) - {"position"} for change in order.changes] == [{"drop"}, {"add"}]
    page = shown(ben, f"/contracts/{contract.public_id}/")
    assert "A shop &lt;b&gt;instead&lt;/b&gt;" in page and "<b>instead" not in page
    accept_change(order_id=order.pk, by=ben)
    assert contract.milestones.get(position=3).criteria == ["It sells", "It ships"]
    assert "A shop" in shown(ada, f"/contracts/{contract.public_id}/agreement/")
    assert "A shop" in shown(ada, f"/contracts/{contract.public_id}/")


def test_a_counter_by_the_page(ada, ben):
    milestone = funded_milestone(ada, ben)
    order = price_to(70_000, milestone, ben)
    path = f"/change-orders/{order.public_id}/counter/"
    assert "$700.00" in shown(ada, path)
    assert shown(ben, path, status=403)
    said = form_of(milestone, **{f"{milestone.public_id}-amount": "800"})
    assert browser(ada).post(path, said).status_code == 302
    assert "something else instead" in shown(ben, f"/contracts/{milestone.contract.public_id}/")


def test_a_second_proposal_leads_to_the_open_one(ada, ben):
    milestone = funded_milestone(ada, ben)
    price_to(70_000, milestone, ben)
    answer = browser(ada).get(f"/contracts/{milestone.contract.public_id}/change/")
    assert answer.status_code == 302 and "#co_" in answer["Location"]


def test_what_cannot_be_accepted_any_more_says_why(ada, ben):
    milestone = funded_milestone(ada, ben)
    order = proposed(ben, wish(milestone, due_at=in_days(20)), milestone=milestone)
    Milestone.objects.filter(pk=milestone.pk).update(status="disputed")
    page = shown(ada, f"/contracts/{milestone.contract.public_id}/")
    assert "cannot be accepted any more" in page
    body = api_of(ada).get(f"/api/v1/change-orders/{order.public_id}/").json()
    assert body["effect"] is None and body["refusal"]


def test_by_the_api(ada, ben):
    milestone = funded_milestone(ada, ben)
    contract = milestone.contract.public_id
    path = f"/api/v1/contracts/{contract}/change-orders/"
    body = {
        "changes": [
            {"milestone": milestone.public_id, "amount": 70_000, "criteria": ["Fast"]},
            {"title": "Extra", "amount": 9_000, "due_at": in_days(9).isoformat()},
        ],
        "note": "As discussed.",
    } | SIGNED
    made = api_of(ben).post(path, body, HTTP_IDEMPOTENCY_KEY="one")
    assert made.status_code == 201, made.json()
    again = api_of(ben).post(path, body, HTTP_IDEMPOTENCY_KEY="one")
    assert again.json() == made.json() and ChangeOrder.objects.count() == 1
    said = made.json()
    assert said["effect"] == {
        "price": 79_000,
        "returned": 30_900,
        "missing": 9_270,
        "is_unguarded": False,
        "paid": 0,
    }
    assert said["next_steps"] == ["withdraw"]
    assert len(api_of(ada).get(path).json()["results"]) == 1

    order = f"/api/v1/change-orders/{said['id']}/"
    assert api_of(ada).get(order).json()["next_steps"] == ["accept", "decline", "counter"]
    countered = api_of(ada).post(
        f"{order}counter/",
        {"changes": [{"milestone": milestone.public_id, "amount": 80_000}]} | SIGNED,
    )
    assert (countered.status_code, countered.json()["counters"]) == (201, said["id"])
    accepted = api_of(ben).post(f"/api/v1/change-orders/{countered.json()['id']}/accept/", SIGNED)
    assert accepted.json()["status"] == "accepted" and accepted.json()["effect"] is None
    refused = api_of(ada).post(f"{order}accept/", SIGNED)
    assert (refused.status_code, refused.json()["error"]["code"]) == (409, "wrong_state")


def test_a_program_reads_what_a_change_would_do_before_anybody_signs(ada, ben):
    milestone = funded_milestone(ada, ben)
    path = f"/api/v1/contracts/{milestone.contract.public_id}/change-orders/"
    body = {
        "changes": [
            {"milestone": milestone.public_id, "amount": 70_000},
            {"title": "Extra", "amount": 9_000, "due_at": in_days(9).isoformat()},
        ]
    }
    looked = api_of(ben).post(f"{path}preview/", body)
    assert looked.status_code == 200, looked.json()
    assert not ChangeOrder.objects.exists() and not Event.objects.filter(kind__startswith="change")

    made = api_of(ben).post(path, body | SIGNED).json()
    read = looked.json()
    assert read == {name: made[name] for name in ("differences", "effect", "ended")}
    assert (read["effect"]["price"], read["ended"]) == (79_000, [])
    # Whoever would answer by another looks at that one first, too.
    assert api_of(ada).post(f"{path}preview/", body).json() == read


@pytest.mark.parametrize(
    ("said", "status"),
    [
        ({"changes": []}, 400),
        ({"changes": [{"amount": 5_000}]}, 400),
        ({"changes": [{"title": "Extra", "amount": 5_000}], "seen": "other"}, 409),
    ],
)
def test_looking_refuses_as_proposing_would(said, status, ada, ben):
    path = f"/api/v1/contracts/{active_contract(ada, ben).public_id}/change-orders/"
    looked = api_of(ben).post(f"{path}preview/", said)
    proposed_ = api_of(ben).post(path, said | SIGNED)
    assert (looked.status_code, looked.json()) == (status, proposed_.json())


def test_nobody_looks_at_a_change_of_what_has_ended(ada, ben, cleo):
    milestone = funded_milestone(ada, ben)
    path = f"/api/v1/contracts/{milestone.contract.public_id}/change-orders/preview/"
    body = {"changes": [{"milestone": milestone.public_id, "amount": 70_000}]}
    assert api_of(cleo).post(path, body).status_code == 404
    cancel_milestone(milestone_id=milestone.pk, by=ben)
    assert api_of(ben).post(path, body).status_code == 409


def test_while_a_change_waits_no_other_is_offered(ada, ben, later):
    milestone = funded_milestone(ada, ben)
    path = f"/api/v1/contracts/{milestone.contract.public_id}/"
    proposing = {"propose_change", "propose_ending"}

    def offered(person) -> list[set[str]]:
        api = api_of(person)
        (listed,) = api.get("/api/v1/contracts/").json()["results"]
        found = [listed["next_steps"], api.get(path).json()["next_steps"]]
        return [proposing & set(steps) for steps in found]

    assert offered(ada) == offered(ben) == [proposing] * 2
    order = price_to(120_000, milestone, ada)
    assert offered(ada) == offered(ben) == [set()] * 2
    later(seconds=(order.answer_due_at - now()).total_seconds() + 1)
    assert offered(ada) == [proposing] * 2, "it has lapsed, though no sweep has written so"
    price_to(120_000, milestone, ben)


def test_a_list_of_contracts_with_changes_costs_no_more_for_more(ada, ben):
    api = api_of(ben)
    ask = partial(api.get, "/api/v1/contracts/")
    price_to(120_000, funded_milestone(ada, ben), ada)
    cost(ask)
    small, few = cost(ask)
    for _ in range(4):
        price_to(120_000, funded_milestone(ada, ben), ada)
    large, still = cost(ask)
    assert large == small + 4 and still <= few


def test_what_cannot_be_accepted_any_more_is_not_said_to_stop_its_clock(ada, ben):
    contract = active_contract(ada, ben, [30_000, 50_000])
    first = contract.milestones.order_by("place").first()
    price_to(40_000, first, ada)
    path = f"/api/v1/contracts/{contract.public_id}/next/"

    def said() -> tuple[set[str], str]:
        happens = api_of(ben).get(path).json()["happens"]
        (strike,) = [one for one in happens if one["kind"] == "change_lapses"]
        return {one["step"] for one in strike["stopped_by"]}, strike["stops"]

    answers = {"decline", "counter", "withdraw"}
    assert said() == (answers | {"accept"}, "Ben can accept, decline or counter before.")
    cancel_milestone(milestone_id=first.pk, by=ben)
    assert said() == (answers, "Ben can decline or counter before.")


def test_an_extension_is_a_change_of_the_date_alone(ada, ben):
    milestone = funded_milestone(ada, ben)
    path = f"/api/v1/milestones/{milestone.public_id}/extensions/"
    due = in_days(30)
    asked = api_of(ben).post(path, {"due_at": due.isoformat(), "note": "I was ill."} | SIGNED)
    assert asked.status_code == 201
    (change,) = asked.json()["changes"]
    assert set(change) == {"position", "due_at"}
    assert (
        api_of(ada).post(f"/api/v1/change-orders/{asked.json()['id']}/accept/", SIGNED).status_code
        == 200
    )
    milestone.refresh_from_db()
    assert milestone.due_at == due


@pytest.mark.parametrize(
    ("zone", "said", "meant"),
    [
        # A day is its last minute where whoever writes it lives, in summer and in winter.
        ("Europe/Berlin", "{day}", "{day}T23:59:00{offset}"),
        ("America/Los_Angeles", "{day}", "{day}T23:59:00{offset}"),
        ("UTC", "{day}", "{day}T23:59:00+00:00"),
        ("Europe/Berlin", "{day}T12:00", "{day}T12:00:00{offset}"),
        ("Europe/Berlin", "{day}T12:00:00+09:00", "{day}T12:00:00+09:00"),
    ],
)
@pytest.mark.parametrize("through", ["extension", "change"])
def test_a_day_means_its_end_where_the_writer_lives(ada, ben, zone, said, meant, through):
    milestone = funded_milestone(ada, ben)
    ben.time_zone = zone
    ben.save()
    day = in_days(40).date()
    offset = datetime.combine(day, time(23, 59), tzinfo=ZoneInfo(zone)).isoformat()[-6:]
    said, meant = (text.format(day=day, offset=offset) for text in (said, meant))
    if through == "change":
        body = {"changes": [{"milestone": milestone.public_id, "due_at": said}]} | SIGNED
        path = f"/api/v1/contracts/{milestone.contract.public_id}/change-orders/"
        assert api_of(ben).post(path, body).status_code == 201
    else:
        path = f"/api/v1/milestones/{milestone.public_id}/extensions/"
        assert api_of(ben).post(path, {"due_at": said} | SIGNED).status_code == 201

    accept_change(order_id=ChangeOrder.objects.get().pk, by=ada)

    milestone.refresh_from_db()
    assert milestone.due_at == datetime.fromisoformat(meant)


def test_the_moment_is_signed_by_the_clock_of_whoever_reads_it(ada, ben):
    ada.time_zone, ben.time_zone = "Asia/Tokyo", "America/Los_Angeles"
    for one in (ada, ben):
        one.save()
    milestone = funded_milestone(ada, ben)
    day, due_at = in_days(40).date(), milestone.due_at
    form = form_of(milestone, **{f"{milestone.public_id}-due_on": f"{day}"})
    contract = f"/contracts/{milestone.contract.public_id}/"
    assert browser(ada).post(f"{contract}change/", form).status_code == 302
    order = ChangeOrder.objects.get()

    def by_the_clock(moment: datetime, zone: str) -> str:
        return f"{moment.astimezone(ZoneInfo(zone)):%-d %b %Y, %H:%M %Z}"

    meant = datetime.combine(day, time(23, 59), tzinfo=ZoneInfo("Asia/Tokyo"))
    pages = [f"/change-orders/{order.public_id}/accept/", contract]
    for page in pages:
        shown = browser(ben).get(page).content.decode()
        for moment in (due_at, meant):
            assert by_the_clock(moment, "America/Los_Angeles") in shown
        assert "06:59 P" in shown or "07:59 P" in shown
    assert f"{day:%-d %b %Y}, 23:59 JST" in browser(ada).get(contract).content.decode()

    accept_change(order_id=order.pk, by=ben)
    shown = browser(ben).get(f"{contract}agreement/").content.decode()
    assert by_the_clock(meant, "America/Los_Angeles") in shown


@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/Los_Angeles", "UTC"])
def test_a_day_of_the_page_means_the_same(ada, ben, zone):
    milestone = funded_milestone(ada, ben)
    ben.time_zone = zone
    ben.save()
    day = in_days(40).date()
    form = form_of(milestone, **{f"{milestone.public_id}-due_on": f"{day}"})
    path = f"/contracts/{milestone.contract.public_id}/change/"
    assert browser(ben).post(path, form).status_code == 302

    accept_change(order_id=ChangeOrder.objects.get().pk, by=ada)

    milestone.refresh_from_db()
    assert milestone.due_at == datetime.combine(day, time(23, 59), tzinfo=ZoneInfo(zone))


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "changes"),
        ({"changes": []}, "changes"),
        ({"changes": "all"}, "changes"),
        ({"changes": [{}]}, "changes[0].title"),
        ({"changes": [{"milestone": "ms_x"}]}, "changes[0].milestone"),
    ],
)
def test_a_body_that_cannot_be_meant_is_refused_by_its_field(body, field, ada, ben):
    contract = active_contract(ada, ben)
    answer = api_of(ada).post(
        f"/api/v1/contracts/{contract.public_id}/change-orders/", body | SIGNED
    )
    error = answer.json()["error"]
    assert (answer.status_code, error["param"]) == (400, field), error
    assert error["message"]


@pytest.mark.parametrize(
    "due_at",
    [
        "yesterday",
        "2020-01-01T00:00:00Z",
        "9999-01-01T00:00:00Z",
        "2026-13-40",
        "0001-01-01",
        "0001-01-01T00:00:00+14:00",
        "9999-12-31",
        "٢٠٢٧-٠١-٠١",
        5,
    ],
)
def test_an_extension_to_no_date_ahead_is_refused(due_at, ada, ben):
    milestone = funded_milestone(ada, ben)
    answer = api_of(ben).post(
        f"/api/v1/milestones/{milestone.public_id}/extensions/", {"due_at": due_at} | SIGNED
    )
    assert (answer.status_code, answer.json()["error"]["param"]) == (400, "due_at")


def test_nobody_else_sees_a_change(ada, ben, cleo):
    order = proposed(ben, another(), contract=active_contract(ada, ben))
    assert api_of(cleo).get(f"/api/v1/change-orders/{order.public_id}/").status_code == 404
    assert browser(cleo).post(f"/change-orders/{order.public_id}/accept/").status_code == 404


@pytest.mark.parametrize("is_swept", [False, True], ids=["not yet written down", "written down"])
@pytest.mark.parametrize("step", ["accept", "decline", "counter"])
def test_an_answer_after_it_has_lapsed_is_refused_in_words_and_moves_nothing(
    ada, ben, later, step, is_swept
):
    """At the minute that it named, whether or not the sweep has come by."""
    milestone = funded_milestone(ada, ben)
    order = price_to(70_000, milestone, ben)
    path = f"change-orders/{order.public_id}/{step}/"
    later(days=milestone.contract.policy.proposal_answer_days)
    if is_swept:
        assert lapse_changes() == {"done": 1, "failed": 0}
    before = _all_that_could_move()
    body = {"changes": [{"milestone": milestone.public_id, "amount": 60_000}]}

    by_page = browser(ada).post(f"/{path}", form_of(milestone) if step == "counter" else SIGNED)
    by_api = api_of(ada).post(f"/api/v1/{path}", SIGNED | (body if step == "counter" else {}))

    assert by_page.status_code == by_api.status_code == 409
    error = by_api.json()["error"]
    assert error["code"] == "wrong_state"
    assert error["message"].startswith("This change order is lapsed, so you cannot ")
    assert error["message"] in by_page.content.decode()
    assert _all_that_could_move() == before
    order.refresh_from_db()
    assert order.status == ("lapsed" if is_swept else "proposed")


def _all_that_could_move() -> list[list[tuple[Any, ...]]]:
    """Money, work, wordings, proposals, and what people are told."""
    held = Transfer, Escrow, Milestone, Agreement, ChangeOrder, Event, Notification
    return [list(model._default_manager.order_by("pk").values_list()) for model in held]
