"""What parts of a milestone's price people may name, by what is held for it."""

from marketplace.common.errors import InvalidInput
from payments.escrow import division
from payments.escrow.division import price_held
from payments.escrow.models import Escrow
from payments.escrow.selectors import held_in
from projects.milestones.models import Milestone


def price_held_of(milestone: Milestone) -> int:
    """The part of the price, in minor units, that can still go to the freelancer."""
    return price_held(milestone.escrow, held=held_in(milestone.escrow))


def checked_part(part: object, milestone: Milestone, *, param: str, held: int | None = None) -> int:
    """A part of the price that the freelancer can get of what is held, from nothing to all of it,
    in minor units. ``held`` where the caller knows what that is. Raises InvalidInput.
    """
    held = held_in(milestone.escrow) if held is None else held
    return division.checked_division(part, milestone.escrow, held=held, param=param)


def checked_share(part: object, milestone: Milestone, *, param: str) -> int:
    """A part of the price that the client can fund now, in minor units. Raises InvalidInput."""
    return division.checked_funding(
        part, milestone.escrow, held=held_in(milestone.escrow), param=param
    )


def checked_release(part: object, milestone: Milestone, *, param: str) -> int:
    """A part of the price that can be released while the rest stays held. Raises InvalidInput."""
    return division.checked_part(
        part, milestone.escrow, held=held_in(milestone.escrow), param=param
    )


def checked_ending(
    to_freelancer: object, milestone: Milestone, *, param: str = "to_freelancer"
) -> int:
    """The part of the price with which both sides may end it, in minor units. Raises InvalidInput.

    Nothing of it is a cancellation, a part of it a split; all of it is neither.
    """
    held = held_in(milestone.escrow)
    amount = division.checked_division(to_freelancer, milestone.escrow, held=held, param=param)
    refused_whole_ending(amount, milestone.escrow, held=held, param=param)
    return amount


def refused_whole_ending(amount: int, escrow: Escrow, *, held: int, param: str) -> None:
    """Both ending it with all of it for the freelancer is a release. Raises InvalidInput."""
    if amount and amount == price_held(escrow, held=held):
        raise InvalidInput(
            "That is all that is held: there is nothing to divide. "
            "The client can approve the work instead, which releases all of it.",
            param=param,
        )
