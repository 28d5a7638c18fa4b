"""Ada and Ben write to each other: live, while the live process is frozen, and without a script."""

import os
import signal

import pytest
from playwright.sync_api import expect

from tests.browser.deeds import log_in
from tests.world import active_contract, person

pytestmark = [pytest.mark.browser, pytest.mark.live, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def room(db, readable_passwords) -> str:
    """The page of the messages on their contract."""
    contract = active_contract(person("Ada"), person("Ben"))
    return f"/contracts/{contract.public_id}/messages/"


def write(visitor, text: str) -> None:
    visitor.write(Your_message=text)
    visitor.press("Send")
    visitor.sees(text)


@pytest.mark.timeout(180)
def test_a_message_arrives_without_a_reload_and_nothing_is_lost_to_a_frozen_process(
    visitors, market, room
):
    ada, ben = visitors("Ada"), visitors("Ben")
    for visitor in (ada, ben):
        log_in(visitor)
        visitor.open(room)

    write(ada, "Can you begin on Monday?")
    ben.sees("Can you begin on Monday?")
    ada.sees("Read")
    ben.write(Your_message="A draft of an answer")
    write(ada, "Or on Tuesday?")
    ben.sees("Or on Tuesday?")
    expect(ben.page.get_by_label("Your message")).to_have_value("A draft of an answer")

    live = market.child("live").process
    os.killpg(live.pid, signal.SIGSTOP)
    write(ada, "Wednesday would do as well.")
    ben.page.wait_for_timeout(1_000)
    assert "Wednesday" not in ben.page.get_by_role("main").inner_text()
    os.killpg(live.pid, signal.SIGCONT)
    ben.sees("Wednesday would do as well.")

    assert visitors.complaints == []
    assert market.errors() == []


@pytest.mark.timeout(180)
def test_without_a_script_a_reload_and_a_button_do_the_same(visitors, market, room):
    ada, ben = visitors("Ada", has_script=False), visitors("Ben", has_script=False)
    for visitor in (ada, ben):
        log_in(visitor)
        visitor.open(room)

    write(ada, "Can you begin on Monday?")
    ben.page.reload()
    ben.sees("Can you begin on Monday?", "New")
    ben.press("Mark as read")
    ada.page.reload()
    ada.sees("Read")

    assert visitors.complaints == []
