"""What workers do for this floor."""

from celery import shared_task

from accounts.notifications.mailing import services as mailing
from accounts.notifications.mailing.selectors import due_notification_ids
from marketplace.common.sweeps import sweep


@shared_task(name="accounts.deliver_notification")
def deliver_notification(notification_id: int) -> None:
    """A notice was written: mail it."""
    mailing.deliver_notification(notification_id=notification_id)


@shared_task(name="accounts.deliver_due_notifications")
def deliver_due_notifications() -> dict[str, int]:
    """Mails whose bell was lost, or whose first attempt failed."""
    return sweep(
        due_notification_ids(limit=200),
        lambda pk: mailing.deliver_notification(notification_id=pk),
    )
