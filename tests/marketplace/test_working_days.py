"""Two working days are those of the calendar on the staff's wall."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from marketplace.common.working_days import after_working_days

BERLIN = ZoneInfo("Europe/Berlin")
KIRITIMATI = ZoneInfo("Pacific/Kiritimati")  # 14 hours ahead: Saturday comes there on Friday


def on(text: str, zone=UTC) -> datetime:
    return datetime.strptime(text, "%Y-%m-%d %H:%M").replace(tzinfo=zone)


@pytest.mark.parametrize(
    ("start", "count", "end"),
    [
        ("2026-11-30 15:20", 2, "2026-12-02 15:20"),  # Monday: Wednesday
        ("2026-12-03 15:20", 2, "2026-12-07 15:20"),  # Thursday: Monday
        ("2026-12-04 15:20", 2, "2026-12-08 15:20"),  # Friday: Tuesday
        ("2026-12-04 15:20", 5, "2026-12-11 15:20"),
        ("2026-12-05 15:20", 2, "2026-12-09 00:00"),  # Saturday is taken as Monday at midnight
        ("2026-12-06 23:59", 2, "2026-12-09 00:00"),
        ("2026-12-05 15:20", 0, "2026-12-07 00:00"),
        ("2026-11-30 15:20", 0, "2026-11-30 15:20"),
    ],
)
def test_weekends_do_not_count(start, count, end):
    assert after_working_days(on(start), count, zone=UTC) == on(end)


def test_the_weekend_is_that_of_the_staff():
    friday_evening = on("2026-12-04 20:00")

    assert after_working_days(friday_evening, 1, zone=UTC) == on("2026-12-07 20:00")
    # There it is Saturday already.
    assert after_working_days(friday_evening, 1, zone=KIRITIMATI) == on(
        "2026-12-08 00:00", KIRITIMATI
    )


def test_the_hour_stays_where_the_clocks_change():
    friday = on("2026-10-23 09:00", BERLIN)  # on Sunday the summer ends

    after = after_working_days(friday.astimezone(UTC), 2, zone=BERLIN)

    assert after == on("2026-10-27 09:00", BERLIN)
    assert after - friday == timedelta(days=4, hours=1)


@given(
    minutes=st.integers(0, 20 * 365 * 24 * 60),
    count=st.integers(0, 60),
    zone=st.sampled_from([UTC, BERLIN, KIRITIMATI]),
)
def test_it_never_falls_on_a_weekend_nor_comes_sooner_later(minutes, count, zone):
    start = datetime(2020, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)
    after = after_working_days(start, count, zone=zone)

    assert after.astimezone(zone).weekday() < 5
    assert after >= start
    assert after_working_days(start, count + 1, zone=zone) > after
    assert after - start <= timedelta(days=count * 7 / 5 + 5)
