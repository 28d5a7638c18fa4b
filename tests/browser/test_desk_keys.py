"""Dora works at the desk without touching the mouse."""

import re

import pytest
from playwright.sync_api import expect

from accounts.people.models import User
from tests.browser.deeds import log_in
from tests.world import reviewed_dispute

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def cases(neighbours, members) -> list[str]:
    """Two that wait, the older one first; their addresses."""
    ada, ben = User.objects.get(name="Ada"), User.objects.get(name="Ben")
    made = [reviewed_dispute(ada, ben) for _ in range(2)]
    return [f"/desk/disputes/{dispute.public_id}/" for dispute in made]


@pytest.mark.timeout(180)
def test_the_desk_is_worked_at_by_keys(visitors, market, cases):
    dora = visitors("Dora")
    log_in(dora)
    dora.open("/desk/")
    page, first, second = dora.page, *cases
    keys, dialog = page.keyboard, page.get_by_role("dialog", name="Keyboard shortcuts")

    def press(*names: str) -> None:
        for name in names:
            keys.press(name)

    def is_at(path: str) -> None:
        page.wait_for_url(re.compile(rf"\d{re.escape(path)}(#.*)?$"))

    def focused() -> str:
        return page.evaluate("document.activeElement.getAttribute('href')")

    press("g", "d")
    is_at("/desk/disputes/")
    press("j")
    assert focused() == first  # the oldest stands first
    press("j", "j")  # and no further
    assert focused() == second
    press("k", "Control+j", "Alt+j")
    assert focused() == first
    press("Enter")
    is_at(first)

    press("n")
    is_at(second)
    press("p")
    is_at(first)
    press("r")
    field = page.get_by_label("Released to the freelancer")
    expect(field).to_be_focused()
    # What is typed into a field is typed, and nothing else.
    field.fill("")
    keys.type("12?gdnpjk")
    expect(field).to_have_value("12?gdnpjk")
    expect(dialog).to_be_hidden()
    is_at(first)

    dora.open(first)
    press("?")
    expect(dialog).to_be_visible()
    expect(dialog).to_contain_text("The form of the ruling")
    press("n", "g", "h")  # a dialog is read, or closed
    expect(dialog).to_be_visible()
    press("Escape")
    expect(dialog).to_be_hidden()
    press("g", "x", "h")  # no such place: the "g" is forgotten
    is_at(first)
    press("g", "p")
    is_at("/desk/payouts/")
    press("/")
    expect(page.get_by_role("searchbox")).to_be_focused()
    dora.press("Keyboard shortcuts")
    dora.follow("Holds and suspensions", within=dialog)
    is_at("/desk/holds/")

    dora.open("/rules/")
    press("g", "d")
    page.wait_for_timeout(500)
    is_at("/rules/")

    assert visitors.complaints == []
    assert market.errors() == []
