"""Which mails of a day are due."""

from accounts.notifications.digests.models import Digest
from marketplace.common.clock import now


def due_digest_ids(*, limit: int) -> list[int]:
    """Those that should leave now, the longest waiting first."""
    due = Digest.objects.filter(due_at__lte=now()).order_by("due_at")
    return list(due.values_list("pk", flat=True)[:limit])
