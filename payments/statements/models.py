"""What a statement is made of. Nothing is stored: the books say it all."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from accounts.parties.models import Party
from payments.escrow.models import Escrow
from payments.ledger.models import Book, Transfer


@dataclass(frozen=True)
class Scope:
    """What a statement tells of: the books up to the heads that they had at one moment.

    Books only grow, so what is read later up to these heads is what they said then. ``party`` is
    whose lines are shown, all of them where it is None. ``about`` says in JSON what it is of, and
    ``signed`` what else both sides have signed. ``escrows`` are by their public id.
    """

    about: dict[str, Any]
    party: Party | None
    made_at: datetime
    heads: dict[str, Book]
    escrows: dict[str, Escrow]
    agreement: dict[str, Any] | None = None

    @property
    def currencies(self) -> list[str]:
        return sorted({escrow.currency for escrow in self.escrows.values()})


@dataclass(frozen=True)
class Line:
    """One link of a chain. Of a line that is not the reader's, only its place and hash are said.

    ``held`` and ``available`` are what stands, after this line, in the held funds that the
    statement counts and in the balance of its party, in minor units of the line's currency.
    ``available`` is None where the statement is nobody's own.
    """

    transfer: Transfer
    is_shown: bool
    held: int = 0
    available: int | None = None
    escrow: Escrow | None = None
