"""The pages of contracts: who sees them, what they show, and how many questions they ask."""

import re
from zoneinfo import ZoneInfo

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from marketplace.common.clock import now
from projects.contracts.models import Contract, Event
from projects.milestones.models import Milestone
from projects.milestones.rules import due_of
from projects.milestones.services import cancel_milestone, release_milestone, submit_work
from tests.world import (
    active_contract,
    answers_to,
    browser,
    fund,
    funded_milestone,
    offered_contract,
    opened_dispute,
    planned_milestone,
    submitted_milestone,
)

pytestmark = pytest.mark.django_db


def page_of(user, contract: Contract) -> str:
    answer = browser(user).get(f"/contracts/{contract.public_id}/")
    assert answer.status_code == 200
    return answer.content.decode()


def links_of(page: str) -> set[str]:
    """Where the buttons and forms of the contract lead."""
    main = page.split('<div id="contract">')[1].split("<footer")[0]
    return set(re.findall(r'(?:href|action)="(/(?:milestones|contracts|bids)/[^"#]+)"', main))


def deeds_of(page: str, milestone: Milestone) -> set[str]:
    found = (link.split(f"/milestones/{milestone.public_id}/") for link in links_of(page))
    return {parts[1].strip("/") for parts in found if len(parts) == 2}


@pytest.mark.parametrize(
    ("made", "client", "freelancer"),
    [
        (
            planned_milestone,
            {"fund", "cancel/?ground=drop", "extend"},
            {"cancel/?ground=cancel", "extend"},
        ),
        (
            funded_milestone,
            {"release", "release-part", "propose", "dispute", "extend"},
            {"start", "submit", "propose", "dispute", "cancel/?ground=cancel", "extend"},
        ),
        (
            submitted_milestone,
            {"return", "release", "release-part", "propose", "dispute"},
            {"propose", "dispute", "cancel/?ground=cancel"},
        ),
        (
            lambda a, b: opened_dispute(a, b).milestone,
            {"release", "propose"},
            {"propose", "cancel/?ground=cancel"},
        ),
    ],
)
def test_each_side_sees_its_buttons_and_no_others(ada, ben, made, client, freelancer):
    milestone = made(ada, ben)
    assert deeds_of(page_of(ada, milestone.contract), milestone) == client
    assert deeds_of(page_of(ben, milestone.contract), milestone) == freelancer


def test_one_button_is_the_loud_one(ada, ben):
    contract = active_contract(ada, ben, [10_000] * 5)
    for milestone in contract.milestones.all():
        submit_work(milestone_id=fund(milestone).pk, by=ben, note="x")
    main = page_of(ada, contract).split("<main")[1].split("</main>")[0]
    assert main.count("btn-primary") == 1


def test_an_offer_shows_both_nets_before_it_is_signed(ada, ben):
    contract = offered_contract(ada, ben, [100_001, 50_000])
    page = page_of(ben, contract)
    assert "$1,500.01" in page and "$1,545.01" in page and "$1,455.01" in page
    assert f"/contracts/{contract.public_id}/accept/" in links_of(page)
    assert f"/contracts/{contract.public_id}/accept/" not in links_of(page_of(ada, contract))


def test_a_lapsed_offer_is_not_offered_for_acceptance(ada, ben, later):
    contract = offered_contract(ada, ben)
    later(days=8)
    assert f"/contracts/{contract.public_id}/accept/" not in links_of(page_of(ben, contract))


def test_the_page_answers_the_three_questions(ada, ben):
    milestone = submitted_milestone(ada, ben)
    page = page_of(ada, milestone.contract)
    assert "Review “Part 1”" in page, "what can I do now"
    assert "It is approved by itself and $970.00 goes to Ben." in page, "what happens next"
    assert "Submitted “Part 1”" in page, "what happened"


def test_what_ended_says_so(ada, ben):
    milestone = submitted_milestone(ada, ben)
    release_milestone(milestone_id=milestone.pk, by=ada)
    page = page_of(ben, milestone.contract)
    assert "Released" in page
    assert deeds_of(page, milestone) == set()
    assert "/payouts/setup/" in page, "earned, and nowhere to send it"
    assert "/payouts/setup/" not in page_of(ada, milestone.contract)


def test_a_card_says_what_the_milestone_cost_or_brought(ada, ben):
    contract = active_contract(ada, ben, [100_001, 50_000, 5_000])
    paid, back, dropped = contract.milestones.order_by("position")
    release_milestone(milestone_id=fund(paid).pk, by=ada)
    cancel_milestone(milestone_id=fund(back).pk, by=ben)
    cancel_milestone(milestone_id=dropped.pk, by=ada, step="drop")
    mine, theirs = page_of(ada, contract), page_of(ben, contract)
    assert "you paid $1,030.01" in mine and "back to you $515.00" in mine
    assert "you got $970.01" in theirs
    assert mine.count("nothing was paid") == 1 and theirs.count("nothing was paid") == 2


def test_script_and_markup_in_words_stay_words(ada, ben):
    plan = [
        {
            "title": "<script>alert(1)</script>",
            "amount": 10_000,
            "days": 5,
            "criteria": ["<img src=x onerror=alert(1)>"],
        }
    ]
    milestone = funded_milestone(ada, ben, plan=plan)
    submit_work(
        milestone_id=milestone.pk,
        by=ben,
        note="<script>alert(2)</script> [x](javascript:alert(3))",
        files=[SimpleUploadedFile("<b>.html", b"x")],
        criteria=answers_to(milestone, "<img src=x onerror=alert(4)>"),
    )
    page = page_of(ada, milestone.contract)
    main = page.split("<main")[1]
    assert "<script>alert" not in page
    assert "<img src=x" not in main
    assert 'href="javascript:' not in main


def test_htmx_gets_the_contract_alone(ada, ben):
    milestone = funded_milestone(ada, ben)
    url = f"/contracts/{milestone.contract.public_id}/"
    answer = browser(ben).get(url, headers={"HX-Request": "true"})
    assert "<html" not in answer.content.decode()

    swapped = (
        browser(ben)
        .post(f"/milestones/{milestone.public_id}/start/", headers={"HX-Request": "true"})
        .content.decode()
    )
    assert swapped.count('id="contract"') == 1
    assert "In progress" in swapped and "Started. The client has been told." in swapped
    milestone.refresh_from_db()
    assert milestone.started_at is not None


def test_looking_writes_nothing(ada, ben):
    milestone = funded_milestone(ada, ben)
    before = (Event.objects.count(), Milestone.objects.values().get())
    for path in ("fund", "start", "submit", "release", "return", "cancel"):
        for user in (ada, ben):
            browser(user).get(f"/milestones/{milestone.public_id}/{path}/")
    for path in ("accept", "decline", "withdraw", "agreement", "timeline"):
        browser(ben).get(f"/contracts/{milestone.contract.public_id}/{path}/")
    assert (Event.objects.count(), Milestone.objects.values().get()) == before


def test_strangers_and_staff_find_nothing(ada, ben, cleo, dora):
    contract = submitted_milestone(ada, ben).contract
    milestone = contract.milestones.get()
    paths = [
        f"/contracts/{contract.public_id}/{name}"
        for name in ("", "timeline/", "agreement/", "agreement.json", "decline/", "withdraw/")
    ] + [
        f"/milestones/{milestone.public_id}/{name}/"
        for name in ("submit", "return", "release", "cancel")
    ]
    posts = [
        f"/contracts/{contract.public_id}/accept/",
        f"/milestones/{milestone.public_id}/fund/",
        f"/milestones/{milestone.public_id}/start/",
    ]
    for user in (cleo, dora):
        visitor = browser(user)
        assert {visitor.get(path).status_code for path in paths} == {404}
        assert {visitor.post(path).status_code for path in posts} == {404}
    nobody = Client()
    assert {nobody.get(path).status_code for path in paths} == {302}


@pytest.mark.parametrize(
    "public_id", ["ct_x", "x", "ct_" + "2" * 22, "ct_%F0%9F%8F%94", "a" * 500, "..%2f.."]
)
def test_names_of_nothing_are_404(ada, public_id):
    visitor = browser(ada)
    for path in (f"/contracts/{public_id}/", f"/milestones/{public_id}/release/"):
        assert visitor.get(path).status_code == 404


# --- The timeline's own page ---------------------------------------------------------------------


def test_forty_events_are_read_on_pages_of_their_own(ada, ben):
    contract = active_contract(ada, ben)
    Event.objects.bulk_create(
        Event(contract=contract, kind="work_started", role="freelancer", title=f"Thing {n}")
        for n in range(40)
    )
    page = page_of(ada, contract)
    assert "The whole timeline" in page
    assert page.count("Started work on") == 12

    visitor, seen = browser(ada), 0
    url = f"/contracts/{contract.public_id}/timeline/"
    address = url
    while address:
        shown = visitor.get(address)
        seen += shown.content.decode().count("timeline-meta")
        address = url + shown.context["page"].next_url if shown.context["page"].next_url else ""
    assert seen == 42
    assert visitor.get(f"{url}?cursor=nonsense").status_code == 400


# --- My work -------------------------------------------------------------------------------------


def test_my_work_shows_my_side_and_my_next_step(ada, ben, cleo):
    submitted_milestone(ada, ben)
    offered_contract(ben, ada)

    mine = browser(ada).get("/contracts/")
    page = mine.content.decode()
    assert "Review “Part 1”" in page and "Answer the offer" in page
    assert len(mine.context["rows"]) == 2
    assert [r["role"] for r in browser(ada).get("/contracts/?side=client").context["rows"]] == [
        "client"
    ]
    assert len(browser(ada).get("/contracts/?status=offered").context["rows"]) == 1
    assert browser(ada).get("/contracts/?side=client&status=offered").context["rows"] == []
    assert browser(cleo).get("/contracts/").context["rows"] == []
    assert "No contracts yet" in browser(cleo).get("/contracts/").content.decode()


@pytest.mark.parametrize(
    "query", ["side=x", "status=x", "status=%00", "side=%27", "status=active&side=mediator"]
)
def test_filters_that_are_none_are_refused(ada, query):
    assert browser(ada).get(f"/contracts/?{query}").status_code == 400


def test_a_cursor_that_is_none_is_refused(ada):
    assert browser(ada).get("/contracts/?cursor=nonsense").status_code == 400


def test_my_work_is_cut_by_a_cursor(ada, ben):
    for _ in range(23):
        offered_contract(ada, ben)
    visitor = browser(ada)
    first = visitor.get("/contracts/?side=client")
    assert len(first.context["rows"]) == 20
    second = visitor.get("/contracts/" + first.context["page"].next_url)
    assert len(second.context["rows"]) == 3
    assert second.context["side"] == "client", "the filter goes along"


# --- How many questions --------------------------------------------------------------------------


def queries_of(user, path: str) -> int:
    visitor = browser(user)
    visitor.get(path)  # what is read once for ever is read now
    with CaptureQueriesContext(
        connection,
    ) as asked:
        assert visitor.get(path).status_code == 200
    return len(asked)


def busy_contract(ada, ben, milestones: int) -> Contract:
    """Of every kind of milestone something, each with two files."""
    contract = active_contract(ada, ben, [10_000] * milestones)
    for number, milestone in enumerate(contract.milestones.order_by("position")):
        if number % 4 == 3:
            continue
        fund(milestone)
        files = [SimpleUploadedFile("a.txt", b"a"), SimpleUploadedFile("b.txt", b"b")]
        submit_work(milestone_id=milestone.pk, by=ben, note="x", files=files)
        if number % 4 == 1:
            release_milestone(milestone_id=milestone.pk, by=ada)
        if number % 4 == 2:
            cancel_milestone(milestone_id=milestone.pk, by=ben)
    return contract


@pytest.mark.parametrize("who", ["ada", "ben"])
def test_twenty_milestones_ask_no_more_than_four(ada, ben, who, request):
    user = request.getfixturevalue(who)
    few, many = busy_contract(ada, ben, 4), busy_contract(ada, ben, 20)
    asked = [queries_of(user, f"/contracts/{contract.public_id}/") for contract in (few, many)]
    assert asked[0] == asked[1] <= 31


def test_a_list_of_twenty_asks_no_more_than_one_of_two(ada, ben):
    for _ in range(2):
        submitted_milestone(ada, ben)
    few = queries_of(ada, "/contracts/")
    for _ in range(18):
        submitted_milestone(ada, ben)
    assert queries_of(ada, "/contracts/") == few <= 21


def test_the_due_date_on_the_page_is_the_one_that_holds(ada, ben, later):
    milestone = planned_milestone(ada, ben)
    later(days=60)
    fund(milestone)
    milestone.refresh_from_db()
    assert milestone.due_at > now()
    assert (
        "Late" not in page_of(ada, milestone.contract).split("What happened")[0].split("<main")[1]
    )


def test_a_delivery_is_due_at_the_minute_at_which_it_becomes_late_by_the_readers_clock(ada, ben):
    """The plan counts days from the signature: a day alone would promise its last minute."""
    milestone = funded_milestone(ada, ben)
    ben.time_zone = "Asia/Kolkata"
    ben.save(update_fields=["time_zone"])
    page = f"/contracts/{milestone.contract.public_id}/"
    for person, zone in ((ada, ada.time_zone), (ben, "Asia/Kolkata")):
        due = due_of(milestone).astimezone(ZoneInfo(zone))
        card = browser(person).get(page).content.decode().split('class="part-state"')[1]
        words = re.sub(r"<[^>]+>", "", card.split("</summary>")[0])
        shown = re.sub(r"\s+", " ", words)
        assert f"Due {due:%-d %b %Y}, {due:%H:%M}" in shown
