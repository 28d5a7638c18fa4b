"""Every page is sound, in light, in dark and on a phone: accessible, quiet, and no wider than it.

The pages come from the table of access, so that a new route is looked at as soon as it is listed.
"""

from collections.abc import Iterator

import pytest
from django.urls import reverse

from tests.access_line import Line
from tests.access_table import LINES
from tests.access_world import AccessWorld, one_of_everything
from tests.browser.long_world import at_the_limits
from tests.browser.looks import troubles_of
from tests.browser.visitor import Visitor

pytestmark = [
    pytest.mark.browser,
    pytest.mark.timeout(400),
    pytest.mark.django_db(transaction=True),
]

# Answers that no person looks at: files, fragments, numbers for machines.
NOT_PAGES = set(
    """
    agreement-checker agreement-json agreement-pdf bid-file bid-messages-export bid-quote
    calendar-feed contract-file contract-messages-export contract-statement-csv
    contract-statement-json
    desk-dispute-file desk-dispute-message-file desk-evidence desk-hold-file
    dispute-file evidence evidence-checker health hold-file live
    message-file metrics mfa_download_recovery_codes payout-setup-refresh posting-file readiness
    signed-agreement signing-keys statement-checker statement-csv statement-json submission-file
    """.split()
)

# The library's pages about a second step that Ada has not set up.
NOT_THERE = {"mfa_deactivate_totp", "mfa_view_recovery_codes"}

# Cleo has come by, and done nothing yet.
EMPTY = [
    ("cleo", path)
    for path in (
        "/my/postings/ /my/bids/ /my/invitations/ /contracts/ /earnings/ /payouts/ /notices/ "
        "/account/tokens/ "
        "/account/notices/ /account/calendar/ /account/audit/ /profile/ /statements/ "
        "/postings/?q=nothing-of-the-kind /outbox/?to=nobody@example.com"
    ).split()
]
REFUSED = [
    ("cleo", "contract", "contract", 404),
    ("ben", "posting-edit", "posting", 403),
    ("ada", "milestone-submit", "funded", 403),
    ("ben", "milestone-submit", "submitted", 409),
    ("ben", "milestone-submit", "planned", 409),
]


@pytest.fixture
def world(market) -> AccessWorld:
    return one_of_everything()


@pytest.fixture
def people(visitors, stage, world) -> dict[str, Visitor]:
    """A window for everybody, logged in already."""
    windows = {}
    for name, client in world.browsers.items():
        windows[name] = stage.run(visitors, name)
        cookies = [
            {"name": cookie.key, "value": cookie.value, "url": visitors.url}
            for cookie in client.cookies.values()
        ]
        if cookies:
            stage.run(windows[name].context.add_cookies, cookies)
    return windows


@pytest.fixture
def endless(world) -> list[tuple[str, str]]:
    return at_the_limits()


def pages_of(world: AccessWorld) -> Iterator[tuple[str, str, int]]:
    """Who opens which address, and the status of the answer: whoever it is for, and the visitor
    too where everybody may.
    """
    for line in LINES:
        path = reverse(line.route, kwargs=world.places[line.of])
        if "GET" in line.methods and line.route not in NOT_PAGES and not path.startswith("/api/"):
            for who in _readers_of(line):
                yield who, path, 404 if line.route in NOT_THERE else 200


def _readers_of(line: Line) -> list[str]:
    may = line.may.split()
    if line.is_foreign and "visitor" in may:
        return ["visitor"]
    member = next(name for name in ("ada", "ben", "dora", "cleo") if name in may)
    return [member, "visitor"] if "visitor" in may else [member]


def test_every_page_is_sound_in_every_look(people, world):
    troubles = []
    for who, path, status in pages_of(world):
        troubles += troubles_of(people[who], path, status)

    assert not troubles, "\n".join(troubles)


def test_pages_hold_what_is_empty_refused_or_endless(people, world, endless):
    troubles = []
    for who, path in [*EMPTY, *endless]:
        troubles += troubles_of(people[who], path)
    for who, route, about, status in REFUSED:
        path = reverse(route, kwargs=world.places[about])
        troubles += troubles_of(people[who], path, status)

    assert not troubles, "\n".join(troubles)
