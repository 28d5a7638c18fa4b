"""What was proposed before: its difference, its note, and what became of it, for both sides."""

from collections.abc import Callable
from functools import partial

import pytest

from marketplace.common.clock import now
from projects.agreements.changes.models import ChangeOrder
from projects.agreements.changes.services import (
    accept_change,
    counter_change,
    decline_change,
    lapse_change,
    withdraw_change,
)
from projects.agreements.leaving.services import leave_contract
from projects.agreements.services import close_finished_contract
from projects.contracts.models import Contract
from projects.milestones.parts.services import release_part
from projects.milestones.services import release_milestone
from projects.web.contract_page import LATEST_CHANGES
from tests.projects.change_world import another, in_days, price_to, proposed, wish
from tests.projects.ending_world import tag_for, to_end
from tests.test_growing_lists import cost
from tests.world import active_contract, api_of, browser, fund, funded_milestone

pytestmark = pytest.mark.django_db

TITLE = "Changes proposed so far"
NOTE = "Fewer pages <b>than</b> we thought."


def page_of(person, contract: Contract, more: str = "") -> str:
    answer = browser(person).get(f"/contracts/{contract.public_id}/{more}")
    assert answer.status_code == 200
    return answer.content.decode()


def said_of(person, order: ChangeOrder) -> dict:
    answer = api_of(person).get(f"/api/v1/change-orders/{order.public_id}/")
    assert answer.status_code == 200
    return answer.json()


def lower(contract: Contract, by) -> ChangeOrder:
    """Of its first milestone, to 700.00, with a note."""
    return proposed(
        by, wish(contract.milestones.first(), amount=70_000), contract=contract, note=NOTE
    )


def countered(order: ChangeOrder, by, *wishes, **more) -> ChangeOrder:
    return counter_change(order_id=order.pk, by=by, wishes=wishes, **more)


def its_time_is_over(order: ChangeOrder, later: Callable[..., None]) -> None:
    later(seconds=(order.answer_due_at - now()).total_seconds() + 1)


# --- Each ending ---------------------------------------------------------------------------------


def accepted(order, ada, ben, later):
    accept_change(order_id=order.pk, by=ada)


def declined(order, ada, ben, later):
    decline_change(order_id=order.pk, by=ada)


def withdrawn(order, ada, ben, later):
    withdraw_change(order_id=order.pk, by=ben)


def answered_by_another(order, ada, ben, later):
    countered(order, ada, wish(order.contract.milestones.first(), amount=80_000))


def lapsed(order, ada, ben, later):
    its_time_is_over(order, later)


def swept(order, ada, ben, later):
    its_time_is_over(order, later)
    lapse_change(order_id=order.pk)


def ended(order, ada, ben, later):
    release_milestone(milestone_id=fund(order.contract.milestones.get()).pk, by=ada)
    close_finished_contract(contract_id=order.contract_id)


def ended_and_swept(order, ada, ben, later):
    ended(order, ada, ben, later)
    lapse_change(order_id=order.pk)


def left(order, ada, ben, later):
    contract = order.contract
    leave_contract(contract_id=contract.pk, by=ada, seen=tag_for(contract, ada))


@pytest.mark.parametrize(
    ("answer", "status", "outcome"),
    [
        (accepted, "accepted", "Ada accepted it: both have signed it."),
        (declined, "declined", "Ada declined it."),
        (withdrawn, "withdrawn", "Ben withdrew it."),
        (answered_by_another, "countered", "Ada proposed something else instead."),
        (lapsed, "lapsed", "Ada did not answer in time."),
        (swept, "lapsed", "Ada did not answer in time."),
        (ended, "lapsed", "The contract ended before it was answered."),
        (ended_and_swept, "lapsed", "The contract ended before it was answered."),
        (left, "lapsed", "It lapsed, since Ada has ended what was still to be worked on."),
    ],
)
def test_both_read_what_was_proposed_and_what_became_of_it(
    ada, ben, later, answer, status, outcome
):
    contract = active_contract(ada, ben)
    order = lower(contract, ben)
    for person in (ada, ben):
        assert TITLE not in page_of(person, contract), "it waits, and is shown as that"
        assert said_of(person, order)["outcome"] == ""

    answer(order, ada, ben, later)

    for person in (ada, ben):
        page, said = page_of(person, contract), said_of(person, order)
        shown = page.split(TITLE)[1].split("What happened")[0]
        assert f'id="{order.public_id}"' in shown and outcome in shown
        assert "&lt;b&gt;than&lt;/b&gt;" in shown and "<b>than" not in page
        assert ">$1,000.00</del>" in shown and ">$700.00</ins>" in shown
        assert (said["status"], said["outcome"]) == (status, outcome)
        assert said["differences"] == [
            {"title": "Part 1", "what": "Price", "before": "$1,000.00", "after": "$700.00"}
        ]
        assert said["differences_from_countered"] == []


@pytest.mark.parametrize("is_swept", [False, True])
def test_an_ending_that_money_has_overtaken_says_so_and_keeps_its_sums(ada, ben, is_swept):
    contract = active_contract(ada, ben, [100_000, 50_000])
    first, _ = map(fund, contract.milestones.order_by("position"))
    order = to_end(contract, ben, {1: 40_000}, note="It is enough.")
    release_part(milestone_id=first.pk, by=ada, amount=20_000)
    if is_swept:
        lapse_change(order_id=order.pk)

    shown = page_of(ada, contract).split(TITLE)[1]
    assert "It lapsed, since the money has moved." in shown and "To end the contract." in shown
    assert "It is enough." in shown
    held = [line for line in said_of(ada, order)["differences"] if line["what"] == "Held"]
    assert [(line["before"], line["after"]) for line in held] == [
        ("$1,030.00", "$400.00 of the price to the freelancer, the rest back"),
        ("$515.00", "all of it back to the client"),
    ]


def test_what_was_proposed_is_told_from_what_stood_then(ada, ben):
    contract = active_contract(ada, ben)
    old = lower(contract, ben)
    decline_change(order_id=old.pk, by=ada)
    accept_change(order_id=price_to(90_000, contract.milestones.get(), ben).pk, by=ada)

    (line,) = said_of(ben, old)["differences"]
    assert (line["before"], line["after"]) == ("$1,000.00", "$700.00")
    shown = page_of(ben, contract).split(TITLE)[1]
    assert shown.index(">$900.00</ins>") < shown.index(">$700.00</ins>"), "the newest first"


# --- Against the round that it answers -----------------------------------------------------------


def test_an_answer_is_shown_against_what_it_answers_wherever_it_is_read(ada, ben):
    milestone = funded_milestone(ada, ben)
    contract, day = milestone.contract, in_days(25)
    first = proposed(ben, wish(milestone, amount=70_000, due_at=day), contract=contract)
    sign = f"/change-orders/{first.public_id}/accept/"
    for page in (page_of(ada, contract), browser(ada).get(sign).content.decode()):
        assert "Against what was proposed before" not in page

    second = countered(first, ada, wish(milestone, amount=80_000))

    path = f"/change-orders/{second.public_id}"
    pages = [
        page_of(ada, contract).split("something else instead")[1].split(TITLE)[0],
        page_of(ben, contract).split("something else instead")[1].split(TITLE)[0],
        browser(ben).get(f"{path}/accept/").content.decode(),
        browser(ben).get(f"{path}/counter/").content.decode(),
    ]
    for page in pages:
        since = page.split("Against what was proposed before")[1]
        assert ">$700.00</del>" in since and ">$800.00</ins>" in since
        assert f"{day:%-d %b %Y}" in since and ">as it stands</ins>" in since
    assert '<details class="fold" open>' in pages[2], "whoever signs has it before them"
    said = said_of(ben, second)
    assert said["counters"] == first.public_id
    assert [(line["what"], line["after"]) for line in said["differences"]] == [("Price", "$800.00")]
    assert said["differences_from_countered"][0] == {
        "title": "Part 1",
        "what": "Price",
        "before": "$700.00",
        "after": "$800.00",
    }
    assert said["differences_from_countered"][1]["before"].endswith(" UTC")

    decline_change(order_id=second.pk, by=ben)
    shown = page_of(ben, contract).split(TITLE)[1].split("What happened")[0]
    assert shown.count("Against what was proposed before") == 1, "it stays readable"


def test_an_answer_that_says_the_same_is_told_to(ada, ben):
    contract = active_contract(ada, ben)
    first = lower(contract, ben)
    second = countered(first, ada, wish(contract.milestones.get(), amount=70_000))
    assert "It says the same as what was proposed before." in page_of(ben, contract)
    assert said_of(ben, second)["differences_from_countered"] == []


# --- Many, long, and of others -------------------------------------------------------------------


def test_where_nothing_was_proposed_nothing_is_said(ada, ben):
    contract = active_contract(ada, ben)
    assert TITLE not in page_of(ada, contract)
    assert "Nothing was proposed" in page_of(ada, contract, "change-orders/")


def test_what_is_long_is_folded_and_its_markup_stays_text(ada, ben):
    contract = active_contract(ada, ben)
    decline_change(order_id=lower(contract, ben).pk, by=ada)
    assert "What was proposed:" not in page_of(ada, contract)
    criteria = [f"<i>{number}</i> {'word ' * 40}".strip() for number in range(10)]
    asked = [
        wish(contract.milestones.get(), criteria=criteria),
        another(title="Extra <script>pages</script>"),
    ]
    order = proposed(ben, *asked, contract=contract, note="x" * 2_000)
    decline_change(order_id=order.pk, by=ada)

    page = page_of(ada, contract)
    folded = page.split("What was proposed: 1 list of criteria, 1 milestone added</summary>")[1]
    assert "x" * 2_000 in folded.split("</details>")[0]
    assert "&lt;i&gt;9&lt;/i&gt; word" in folded and "<i>9" not in page
    assert "Extra &lt;script&gt;pages" in folded and "<script>pages" not in page


def test_more_of_them_stand_on_a_page_of_their_own_and_cost_no_more(ada, ben, later):
    contract = active_contract(ada, ben)
    swept(lower(contract, ben), ada, ben, later)
    page, all_of_them = f"/contracts/{contract.public_id}/", "change-orders/"
    seen, program = browser(ada), api_of(ada)
    asked = [
        partial(seen.get, page),
        partial(seen.get, page + all_of_them),
        partial(program.get, f"/api/v1{page}{all_of_them}"),
    ]
    assert "Every change that was proposed" not in page_of(ada, contract)
    for ask in asked:
        cost(ask)  # what is read once for a process
    few = [cost(ask)[1] for ask in asked]

    for _ in range(LATEST_CHANGES):
        second = countered(lower(contract, ben), ada, another())
        decline_change(order_id=second.pk, by=ben)
    swept(lower(contract, ben), ada, ben, later)

    grown = [cost(ask) for ask in asked]
    assert [queries for _, queries in grown] == few
    assert grown[2][0] == 2 * LATEST_CHANGES + 2
    shown = page_of(ada, contract).split(TITLE)[1].split("What happened")[0]
    assert shown.count('id="co_') == LATEST_CHANGES and page + all_of_them in shown
    assert page_of(ada, contract, all_of_them).count('id="co_') == grown[2][0]
    listed = program.get(f"/api/v1{page}{all_of_them}").json()["results"]
    assert all(one["differences"] for one in listed)


def test_nobody_else_reads_them(ada, ben, cleo, dora):
    contract = active_contract(ada, ben)
    order = lower(contract, ben)
    decline_change(order_id=order.pk, by=ada)
    page = f"/contracts/{contract.public_id}/"
    for person in (cleo, dora):
        for path in (page, f"{page}change-orders/"):
            assert browser(person).get(path).status_code == 404
        for path in (f"{page}change-orders/", f"/change-orders/{order.public_id}/"):
            assert api_of(person).get(f"/api/v1{path}").status_code == 404
