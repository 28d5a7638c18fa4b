"""What was held before there were appeals can be appealed against for a full time."""

from datetime import timedelta
from importlib import import_module

import pytest
from django.apps import apps
from django.db import connection

from accounts.holds.models import Hold
from accounts.holds.services import appeal_hold
from accounts.models import Notification
from accounts.parties.selectors import own_party_of
from accounts.people.models import User
from marketplace.common.clock import now

pytestmark = pytest.mark.django_db

earlier = import_module("projects.migrations.0047_earlier_holds_can_be_appealed")


def held(ben: User, dora: User, *, days_ago: float, **how) -> Hold:
    """As the migrations of the holds left it: its time to appeal had passed."""
    at = now() - timedelta(days=days_ago)
    party = own_party_of(ben)
    return Hold.objects.create(
        **{
            "kind": "payouts",
            "party": party,
            "subject": party.public_id,
            "title": "Ben",
            "reason": "A card that was seen before.",
            "evidence": "The provider’s letter.",
            "placed_by": dora,
            "created_at": at,
            "ends_at": at + timedelta(days=14),
            "closes_at": at + timedelta(days=14),
            "appeal_until": at + timedelta(days=3),
        }
        | how
    )


def migrate() -> None:
    with connection.schema_editor() as editor:
        earlier.let_them_appeal(apps, editor)


def told(user: User) -> list[str]:
    return [notice.kind for notice in Notification.objects.filter(recipient=user).order_by("pk")]


def test_a_hold_on_payouts_from_before_has_three_days_from_now(ben, dora):
    hold = held(ben, dora, days_ago=10)
    migrate()
    hold.refresh_from_db()
    assert now() + timedelta(days=2.9) < hold.appeal_until <= now() + timedelta(days=3)
    (notice,) = Notification.objects.filter(recipient=ben)
    assert notice.path == hold.path
    assert notice.text.startswith("Your payouts are held until ") and notice.mail_due_at
    appeal_hold(hold_id=hold.pk, statement="It was not me.", by=ben)


def test_so_has_a_posting_that_was_suspended_before_and_nothing_lasts_longer(ben, dora):
    hold = held(
        ben, dora, days_ago=12, kind="posting", title="A shop", evidence=earlier._POSTING_BEFORE
    )
    migrate()
    hold.refresh_from_db()
    assert hold.appeal_until == hold.closes_at < now() + timedelta(days=3)
    assert told(ben) == ["posting_suspended"]


@pytest.mark.parametrize(
    "how",
    [
        {"status": "upheld"},
        {"kind": "person"},
        {"kind": "posting"},
        {"days_ago": -1},
        {"days_ago": 15},
    ],
    ids=str,
)
def test_others_stay_as_they_are_and_nobody_is_told(ben, dora, how):
    """Answered, placed with its time and its notice, younger than appeals are, or over."""
    asked = {"days_ago": 10} | how
    status = asked.pop("status", "placed")
    hold = held(ben, dora, **asked)
    if status != "placed":
        Hold.objects.filter(pk=hold.pk).update(status="appealed")
        Hold.objects.filter(pk=hold.pk).update(status=status)
    migrate()
    until = hold.appeal_until
    hold.refresh_from_db()
    assert (hold.appeal_until, told(ben)) == (until, [])
