"""Ada, Ben and the mediators play a case from its opening to the last word on its appeal."""

import re

import pytest

from accounts.people.services import grant_staff_roles
from marketplace.common.lifecycle import SYSTEM
from tests.browser.deeds import log_in, open_notice
from tests.world import person, planned_milestone

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def mediators(db, readable_passwords) -> None:
    for name in ("Dora", "Hugo"):
        grant_staff_roles(user_id=person(name).pk, roles={"mediator"}, by=SYSTEM)


@pytest.fixture
def agreed(db, readable_passwords) -> str:
    """The page of the contract of Ada and Ben, on 1,000.00 dollars."""
    milestone = planned_milestone(person("Ada"), person("Ben"))
    return f"/contracts/{milestone.contract.public_id}/"


def fund_and_deliver(ada, ben, contract: str) -> None:
    for side in (ada, ben):
        log_in(side)
        side.open(contract)
    ada.press("Fund with $1,030.00")
    ada.press(re.compile("^Succeeds … 4242"))
    ada.reloads_until_it_sees("The money is held until you release it.")
    ben.page.reload()
    ben.press("Start work")
    ben.follow("Submit work")
    ben.write(What_you_deliver="Here it is.")
    ben.press("Submit")
    ben.sees("Version 1")


def open_case(ada) -> None:
    open_notice(ada, "has been delivered")
    ada.unfold("More")
    ada.follow("Open a dispute")
    ada.pick("The work is late")
    ada.write_by({"What happened": "Two weeks late.", "What the freelancer should get": "250"})
    ada.press_and_confirm("Open the dispute", "Open the dispute")
    ada.sees("Ben has to answer", "$250.00", "$1,030.00")


def answer(ben) -> None:
    open_notice(ben, "A dispute is open")
    ben.write(Your_statement="The brief was late as well.")
    ben.press("Send the answer")
    ben.sees("Settle it between yourselves")


def seal_in_vain(ben, ada) -> None:
    """Too far apart: neither learns what the other would have taken."""
    ben.write(Your_sealed_figure="900")
    ben.press_and_confirm("Seal the figure", "Seal it")
    ben.sees("$900.00")
    ada.page.reload()
    ada.write(Your_sealed_figure="300")
    ada.press_and_confirm("Seal the figure", "Seal it")
    ada.sees("$300.00", "Settle it between yourselves")
    assert "$900.00" not in ada.page.get_by_role("main").inner_text()


def ask_for_a_mediator(ada, ben) -> None:
    ada.press_and_confirm("Ask for a mediator now", "Ask for a mediator")
    ada.sees("You have asked for a mediator")
    ben.page.reload()
    ben.sees("Ada has asked for a mediator")
    ben.press_and_confirm("Ask for a mediator now", "Ask for a mediator")
    ben.sees("A mediator is reading both sides")


def decide(mediator, *, released: str, reasons: str) -> None:
    mediator.write_by(
        {
            "Released to the freelancer": released,
            "Facts found": "Two weeks late, one of them by the brief.",
            "Rule applied": "Lateness is borne by whom it is due to.",
            "Reasons": reasons,
        }
    )
    mediator.choose("Of this kind", "Who is late bears what that costs the other side.")
    mediator.press_and_confirm("Decide", "Decide")


def decide_first(dora) -> None:
    log_in(dora)
    dora.follow("Desk")
    dora.follow("Part 1")
    dora.sees("Two weeks late.", "The brief was late as well.", "$1,030.00")
    decide(dora, released="400", reasons="Both are a little right.")
    dora.sees("The decision stands", "$388.00", "$618.00")


def appeal(ben) -> None:
    open_notice(ben, "is decided")
    ben.sees("Both are a little right.", "$388.00", "$618.00", "Accept the decision")
    ben.write(Your_statement="The brief came three weeks late.")
    ben.press_and_confirm("Appeal", "Appeal")
    ben.sees("Another mediator is reading the case")


def reply(ada) -> None:
    open_notice(ada, "appeals against")
    ada.sees("Reply to the appeal", "Say what you have to say to it")
    ada.write(Your_statement="The brief came on time.")
    ada.press("Add the statement")
    ada.sees("The brief came on time.", "Another mediator is reading the case")


def see_that_it_is_anothers(dora) -> None:
    dora.page.reload()
    dora.sees("it is not yours to decide now", "The brief came three weeks late.")
    assert dora.page.get_by_label("Released to the freelancer").count() == 0


def decide_last(hugo) -> None:
    log_in(hugo)
    hugo.follow("Desk")
    hugo.follow("Part 1")
    hugo.sees("Both are a little right.", "The brief came three weeks late.")
    decide(hugo, released="700", reasons="The brief was the cause.")
    hugo.sees("The decision, carried out", "$679.00", "$309.00")


def read_the_last_word(ada, ben) -> None:
    for side in (ada, ben):
        open_notice(side, "is carried out")
        side.sees("The decision, carried out", "The brief was the cause.", "$679.00", "$309.00")


@pytest.mark.timeout(240)
def test_a_case_is_played_from_its_opening_to_the_last_word_on_its_appeal(
    visitors, market, mediators, agreed
):
    ada, ben, dora, hugo = (visitors(name) for name in ("Ada", "Ben", "Dora", "Hugo"))
    fund_and_deliver(ada, ben, agreed)
    open_case(ada)
    answer(ben)
    seal_in_vain(ben, ada)
    ask_for_a_mediator(ada, ben)
    decide_first(dora)
    appeal(ben)
    reply(ada)
    see_that_it_is_anothers(dora)
    decide_last(hugo)
    read_the_last_word(ada, ben)

    assert visitors.complaints == []
    assert market.errors() == []
