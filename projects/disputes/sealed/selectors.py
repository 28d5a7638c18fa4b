"""What a side may know of the sealed figures: its own, and nothing of the other's."""

from dataclasses import dataclass
from datetime import datetime

from marketplace.common.currencies import step
from marketplace.common.lifecycle import CLIENT, FREELANCER
from payments.escrow.division import nearest_division, price_held
from payments.escrow.selectors import held_in
from projects.disputes.models import Dispute
from projects.disputes.sealed.models import MOST_FIGURES, SealedOffer
from projects.milestones.amounts import price_held_of


@dataclass(frozen=True)
class OwnFigure:
    """What one side has sealed. ``amount`` is in minor units of the price, None where none is.

    ``is_in_force`` is whether it can settle anything: what is held is still what it was about.
    """

    amount: int | None = None
    sealed_at: datetime | None = None
    is_in_force: bool = False
    figures_left: int = MOST_FIGURES


def own_figure_of(dispute: Dispute, role: str) -> OwnFigure:
    """This side's, while the dispute is open: with its end all figures are gone."""
    if not dispute.is_open:
        return OwnFigure(figures_left=0)
    row = SealedOffer.objects.filter(dispute=dispute, role=role).first()
    if row is None:
        return OwnFigure()
    left = MOST_FIGURES - row.figures
    if row.amount is None:
        return OwnFigure(figures_left=left)
    in_force = row.held == price_held_of(dispute.milestone)
    return OwnFigure(row.amount, row.sealed_at, in_force, left)


def crossing_of(dispute: Dispute) -> int | None:
    """The part of the price on which the two figures settle it; None where they do not cross.

    Only figures about what is held now count. For the one who seals, with the dispute's lock held.
    """
    escrow = dispute.milestone.escrow
    held = held_in(escrow)
    rows = SealedOffer.objects.filter(dispute=dispute, held=price_held(escrow, held=held))
    figures = dict(rows.values_list("role", "amount"))
    most, least = figures.get(CLIENT), figures.get(FREELANCER)
    if most is None or least is None or most < least:
        return None
    part = midpoint(most, least, unit=step(escrow.currency))
    # The least itself can be paid, so that the nearest that can is never below it.
    return max(least, nearest_division(part, escrow, held=held))


def midpoint(most: int, least: int, *, unit: int = 1) -> int:
    """Half of the sum of two multiples of ``unit``; a tie goes to the even multiple."""
    whole, odd = divmod((most + least) // unit, 2)
    return (whole + (odd and whole % 2)) * unit
