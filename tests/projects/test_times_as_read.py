"""A time in a refusal or a reason is said by the clock of whoever reads the page, with its zone; to
programs and on record in UTC.
"""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from accounts.people.models import User
from projects.contracts.models import Event, PutOff
from projects.milestones.rules import idle_from, late_from
from tests.projects.test_downtime import started_again, stopped, strike, walk_to
from tests.world import api_of, browser, funded_milestone, person

pytestmark = pytest.mark.django_db

TOKYO = ZoneInfo("Asia/Tokyo")


@pytest.fixture
def aiko() -> User:
    return person("Aiko", time_zone=TOKYO.key)


def in_tokyo(moment: datetime) -> str:
    return f"{moment.astimezone(TOKYO):%-d %B %Y, %H:%M} JST (Asia/Tokyo)"


def in_utc(moment: datetime) -> str:
    return f"{moment:%-d %B %Y, %H:%M} UTC"


@pytest.mark.parametrize(
    ("clock", "ground"), [(late_from, "cancel_late"), (idle_from, "cancel_idle")]
)
def test_a_refusal_says_when_by_the_clock_of_its_reader(aiko, ben, clock, ground):
    milestone = funded_milestone(aiko, ben)
    path, asked, at = (
        f"/milestones/{milestone.public_id}/cancel/",
        {"ground": ground},
        clock(milestone),
    )

    page = browser(aiko).post(path, asked)
    program = api_of(aiko).post(f"/api/v1{path}", asked)

    assert (page.status_code, program.status_code) == (409, 409)
    assert f"from {in_tokyo(at)} on." in page.content.decode()
    assert f"from {in_utc(at)} on." in program.json()["error"]["message"]


def test_why_a_clock_was_put_off_is_read_by_ones_own_clock(aiko, ben, later):
    milestone = funded_milestone(aiko, ben)
    contract = milestone.contract
    walk_to(idle_from(milestone) + timedelta(hours=1), later)
    stopped()
    started_again()
    outage = PutOff.objects.get().outage
    own = f"Milepost was down from {in_tokyo(outage.began_at)} to {in_tokyo(outage.ended_at)}"
    anywhere = f"Milepost was down from {in_utc(outage.began_at)} to {in_utc(outage.ended_at)}"

    page = f"/contracts/{contract.public_id}/"
    assert own in browser(aiko).get(page).content.decode()
    assert anywhere in browser(ben).get(page).content.decode()  # who lives in UTC

    # Whether a program comes with a token or with the log-in of a browser.
    for program in (api_of(aiko), browser(aiko)):
        told = program.get(f"/api/v1{page}next/").json()
        assert anywhere in str(told) and "JST" not in str(told) and "+09:00" not in str(told)
    assert anywhere in Event.objects.get(kind="clock_put_off").detail["reason"]
    assert strike(contract, "may_cancel_idle").put_off.endswith(in_utc(outage.ended_at))
