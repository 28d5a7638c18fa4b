"""What happens when the same is done by many at the same moment."""

import pytest
from django.core.cache import cache, caches

from accounts.access import codes
from accounts.notifications.mailing import services as mailing
from accounts.notifications.models import Notification
from accounts.notifications.services import notify
from marketplace.common.words import Words
from projects.tasks import deliver_notification
from tests.projects.test_races import without_locks
from tests.races import meet_after, outcomes_at_once

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


def test_without_its_lock_each_worker_takes_the_mail_for_its_own(ada, mailoutbox, monkeypatch):
    notify(to=ada, kind="bid_placed", text=Words("Ben made a bid."), path="/")
    notice = Notification.objects.get()
    without_locks(monkeypatch)
    meet_after(monkeypatch, mailing, "why_unwanted")
    meet_after(monkeypatch, mailing, "_claim_mail")

    at_once(lambda: deliver_notification(notification_id=notice.pk))

    assert len(mailoutbox) == 8


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


class Agreeable:
    """A cache that tells everybody who takes something away that it was they."""

    def __getattr__(self, name: str):
        return getattr(cache, name)

    def delete(self, key: str) -> bool:
        cache.delete(key)
        return True


def test_were_taking_it_away_no_guard_all_would_spend_the_code(monkeypatch):
    monkeypatch.setattr(caches["default"], "key_prefix", "")
    code = codes.new_code("sign-up", "agreeable@example.com")
    monkeypatch.setattr(codes, "cache", Agreeable())
    meet_after(monkeypatch, codes, "_hash", people=5)

    spent = at_once(lambda: codes.spend_code("sign-up", "agreeable@example.com", code), times=5)

    assert spent == [True] * 5


def test_guesses_are_counted_even_when_they_come_at_once(monkeypatch):
    monkeypatch.setattr(caches["default"], "key_prefix", "")
    code = codes.new_code("sign-up", "guess@example.com")

    at_once(lambda: codes.spend_code("sign-up", "guess@example.com", "BBBBBBBB"))

    assert not codes.spend_code("sign-up", "guess@example.com", code)
