"""What happens when the same is done by many at the same moment."""

import pytest
from django.core.cache import caches

from accounts.access import codes
from accounts.notifications.models import Notification
from accounts.notifications.services import notify
from marketplace.common.words import Words
from projects.tasks import deliver_notification
from tests.races import outcomes_at_once

pytestmark = pytest.mark.django_db(transaction=True)


def at_once(act, *, times=8):
    """What ``act`` answered each time."""
    outcomes = outcomes_at_once(*[act] * times)
    assert not [outcome for outcome in outcomes if isinstance(outcome, BaseException)]
    return outcomes


def test_a_notice_is_mailed_once_by_eight_workers(ada, mailoutbox):
    notify(to=ada, kind="bid_placed", text=Words("Ben made a bid."), path="/")
    notice = Notification.objects.get()

    at_once(lambda: deliver_notification(notification_id=notice.pk))

    assert len(mailoutbox) == 1


def test_the_same_key_is_told_once_by_eight_deeds(ada, bells):
    at_once(lambda: notify(to=ada, kind="due", text=Words("Due soon."), path="/", key="ms_1:due"))

    assert ada.notifications.count() == 1
    assert len(bells) == 1


def test_a_code_is_spent_once(monkeypatch):
    """Each thread has its own connection to Valkey, so the keys are told apart by address."""
    monkeypatch.setattr(caches["default"], "key_prefix", "")
    code = codes.new_code("sign-up", "at-once@example.com")

    spent = at_once(lambda: codes.spend_code("sign-up", "at-once@example.com", code), times=5)

    assert sorted(spent) == [False] * 4 + [True]


def test_guesses_are_counted_even_when_they_come_at_once(monkeypatch):
    monkeypatch.setattr(caches["default"], "key_prefix", "")
    code = codes.new_code("sign-up", "guess@example.com")

    at_once(lambda: codes.spend_code("sign-up", "guess@example.com", "BBBBBBBB"))

    assert not codes.spend_code("sign-up", "guess@example.com", code)
