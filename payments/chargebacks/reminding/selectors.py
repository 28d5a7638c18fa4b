"""Which banks wait for an answer and will not wait much longer."""

from datetime import datetime, timedelta

from django.db.models import F, Q

from marketplace.common.clock import now
from payments.chargebacks.models import ACCEPT, Chargeback
from payments.chargebacks.selectors import to_be_answered

# So long before its end finance is reminded of a bank's time, the last reminder first.
AHEAD = (timedelta(days=1), timedelta(days=3))
KIND = "chargeback_answer_due"


def unreminded_ids(*, limit: int) -> list[int]:
    """Chargebacks whose answer is due so soon that finance is to be reminded and was not, the next
    first. Not those of which finance has not been told yet: that names the date itself.
    """
    at, later = now(), timedelta(0)
    is_due = Q()
    for ahead in AHEAD:
        is_due |= Q(due_at__gt=at + later, due_at__lte=at + ahead) & (
            Q(reminded_of=None) | ~Q(reminded_of=F("due_at") - ahead)
        )
        later = ahead
    asked = to_be_answered().filter(is_due).exclude(answer=ACCEPT)
    untold = Chargeback.objects.filter(news__told_at=None, news__isnull=False)
    return list(asked.exclude(pk__in=untold).values_list("pk", flat=True)[:limit])


def reminder_of(chargeback: Chargeback) -> datetime | None:
    """The moment from which on the last reminder that is due was due; None where there is none."""
    due_at = chargeback.due_at
    if due_at is None or chargeback.is_overdue or not asks_anybody(chargeback):
        return None
    return next((due_at - ahead for ahead in AHEAD if now() >= due_at - ahead), None)


def asks_anybody(chargeback: Chargeback) -> bool:
    """Whether there is something to be answered still: not where its bank is to have the money."""
    return chargeback.waits_for_answer and chargeback.answer != ACCEPT


def key_of(chargeback: Chargeback, moment: datetime) -> str:
    """The key of the notice of a reminder, so that each is told once, also of another date."""
    return f"{KIND}:{chargeback.public_id}:{moment.isoformat()}"


def is_reminder_true(chargeback: Chargeback, key: str) -> bool:
    """Whether what was told under this key is so still: the date may be another one now."""
    due_at = chargeback.due_at
    if due_at is None or not asks_anybody(chargeback):
        return False
    return key in {key_of(chargeback, due_at - ahead) for ahead in AHEAD}
