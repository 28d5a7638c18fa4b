"""Until when money can be held once it has gone on. Asked by the deed, and before it by pages."""

from dataclasses import dataclass
from datetime import datetime

from payments.escrow.models import Escrow


@dataclass(frozen=True)
class LimitThen:
    """Until when the provider holds the money of what a rest goes into: ``at`` then, ``before``
    without it. None where no limit runs.
    """

    at: datetime | None
    before: datetime | None

    @property
    def is_earlier(self) -> bool:
        """Whether what is held there already has less time than before."""
        return self.at is not None and self.before is not None and self.at < self.before


def limit_then(source: Escrow, target: Escrow, *, held: int) -> LimitThen:
    """What rolling the one into the other, which holds ``held``, makes of its time at the provider.

    What was paid first has to leave first: the earlier of both counts.
    """
    before = target.limit_at if held else None
    limits = [at for at in (source.limit_at, before) if at]
    return LimitThen(at=min(limits, default=None), before=before)
