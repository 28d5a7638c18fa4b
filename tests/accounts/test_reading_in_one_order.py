"""Notices are locked in one order by whoever reads or mails many of them at once."""

from datetime import timedelta

import pytest

from accounts.notifications.digests import services as digests
from accounts.notifications.digests.models import Digest
from accounts.notifications.models import Notification
from accounts.notifications.services import (
    notify,
    read_all_notifications,
    read_notifications_about,
)
from marketplace.common import idempotency
from marketplace.common.clock import now, wall_time
from marketplace.common.models import IdempotencyRecord
from marketplace.common.words import Words
from tests.races import holds_nothing_below

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def notices(ada, bells) -> list[Notification]:
    """Three of Ada's; the first lies behind the others in its table."""
    for number in range(3):
        notify(to=ada, kind="test", text=Words("Number %(number)s.", number=number), path="/here/")
    Notification.objects.filter(pk=Notification.objects.earliest("pk").pk).update(created_at=now())
    return list(Notification.objects.order_by("pk"))


def waits_for_the_first(notices: list[Notification], act) -> bool:
    return holds_nothing_below(
        act,
        above=Notification.objects.filter(pk=notices[0].pk),
        below=Notification.objects.filter(pk__in=[notice.pk for notice in notices[1:]]),
    )


def test_who_reads_all_locks_them_in_one_order(ada, notices):
    assert waits_for_the_first(notices, lambda: read_all_notifications(by=ada))
    assert not Notification.objects.filter(read_at=None).exists()


def test_who_reads_a_page_locks_what_leads_to_it_in_one_order(ada, notices):
    assert waits_for_the_first(notices, lambda: read_notifications_about(path="/here/", by=ada))
    assert not Notification.objects.filter(read_at=None).exists()


def test_a_mail_of_a_day_that_has_left_is_noted_in_the_same_order(ada, notices):
    digest = Digest.objects.create(recipient=ada, day=now().date(), due_at=now(), attempts=1)
    Notification.objects.update(digest=digest)
    Notification.objects.filter(pk=notices[0].pk).update(created_at=now())

    assert waits_for_the_first(notices, lambda: digests._note_mailed(digest.pk, notices))
    assert not Notification.objects.filter(mailed_at=None).exists()


def test_old_answers_that_another_sweep_deletes_are_passed_over(ada):
    long_ago = wall_time() - idempotency.KEPT_FOR - timedelta(days=1)
    for number in range(3):
        IdempotencyRecord.objects.create(
            user=ada, key=f"key {number}", started_at=long_ago, status=200
        )
    first = IdempotencyRecord.objects.filter(key="key 0")

    assert not holds_nothing_below(
        lambda: idempotency.prune(limit=9),
        above=first,
        below=IdempotencyRecord.objects.exclude(key="key 0"),
    ), "nobody waits"
    assert IdempotencyRecord.objects.get().key == "key 0"
    assert idempotency.prune(limit=9) == 1
