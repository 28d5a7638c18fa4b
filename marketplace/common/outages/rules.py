"""What nobody does by hand while it is open whether a clock has struck."""

from marketplace.common.errors import WrongState
from marketplace.common.outages.selectors import is_made_up_for


def judge_struck() -> None:
    """Let somebody use that a clock has struck, or raise WrongState while that may be put off: then
    it helps to come again in a minute.
    """
    if not is_made_up_for():
        raise WrongState(
            "Milepost was not at work for a while: what would have struck in that time is being "
            "put off. Try again in a minute.",
            retry_after=60,
        )
