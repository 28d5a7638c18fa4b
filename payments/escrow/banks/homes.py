"""Where the money of one payment is: in what it was paid for, and on the way from there."""

from dataclasses import dataclass, field

from payments.escrow.backing.selectors import Origin, count, within
from payments.escrow.clawback import Elsewhere, Taken, cost, owed_for
from payments.escrow.models import Escrow
from payments.escrow.selectors import held_in


@dataclass
class Home:
    """An escrow with money of a payment, and what it has gone through; nothing for the first.

    ``held``, ``released`` and ``owed`` are what a movement of the bank takes there, or brings.
    """

    escrow: Escrow
    way: list[Origin] = field(default_factory=list)
    held: int = 0
    released: int = 0
    owed: int = 0

    @property
    def moved(self) -> int:
        return self.held + self.released

    def take(self, wanted: int) -> int:
        """Held money first, wherever it is; the answer is how much."""
        part = within(self.way, min(wanted, held_in(self.escrow)))
        count(self.way, part)
        self.held += part
        return part

    def take_released(self, wanted: int) -> int:
        escrow = self.escrow
        left = cost(escrow.kept, escrow.policy) - escrow.clawed_back
        part = within(self.way, min(wanted, left))
        count(self.way, part)
        self.released += part
        self.owed += self._owed_more(part)
        return part

    def bring(self, share: Elsewhere) -> None:
        """What comes back of what was taken here."""
        self.held, self.released = share.held, share.released
        self.owed = self._owed_less(share.released)

    def note(self, *, sign: int) -> None:
        """Write down what was taken (1) or brought (-1)."""
        escrow = self.escrow
        escrow.taken_back += sign * self.held
        escrow.clawed_back += sign * self.released
        escrow.owed_back += sign * self.owed
        escrow.save(update_fields=["taken_back", "clawed_back", "owed_back"])

    def _owed_more(self, taken: int) -> int:
        escrow = self.escrow
        owed = owed_for(escrow.kept, escrow.clawed_back + taken, escrow.policy)
        # What was released while an earlier chargeback stood may have moved it by a unit.
        return min(taken, max(0, owed - escrow.owed_back))

    def _owed_less(self, brought: int) -> int:
        escrow = self.escrow
        if brought == escrow.clawed_back:
            return escrow.owed_back
        owed = owed_for(escrow.kept, escrow.clawed_back - brought, escrow.policy)
        return min(brought, max(0, escrow.owed_back - owed))


def taken_from(homes: list[Home]) -> Taken:
    """Held and released money of all of them, as one movement tells it."""
    return Taken(
        held=sum(home.held for home in homes),
        released=sum(home.released for home in homes),
        owed=sum(home.owed for home in homes),
        elsewhere=tuple(
            Elsewhere(home.escrow.pk, home.held, home.released, home.owed)
            for home in homes[1:]
            if home.moved
        ),
    )


def bring_to(homes: list[Home], taken: Taken) -> None:
    """Share out what comes back: what is not elsewhere is of the escrow that was paid for."""
    elsewhere = {one.escrow_id: one for one in taken.elsewhere}
    first = homes[0].escrow.pk
    elsewhere[first] = Elsewhere(
        first,
        taken.held - sum(one.held for one in taken.elsewhere),
        taken.released - sum(one.released for one in taken.elsewhere),
    )
    for home in homes:
        home.bring(elsewhere.get(home.escrow.pk, Elsewhere(home.escrow.pk)))
