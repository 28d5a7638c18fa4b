"""What may be written, by whom, and until when."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta

from accounts.people.models import User
from marketplace.common.clock import now
from marketplace.common.words import said_moment
from projects.bids.models import Bid
from projects.contracts.models import Contract
from projects.contracts.selectors import page_of

LONGEST_MESSAGE = 5_000
# Of one side in one conversation: more than anybody types, less than a program that runs wild.
MOST_A_MINUTE = 20
# After the end of a contract there are still questions about what was delivered. Then the record
# is closed, so that an export of it is the whole of it.
OPEN_DAYS_AFTER_THE_END = 30

_STANDING = {
    Bid.Status.SUBMITTED,
    Bid.Status.SHORTLISTED,
    Bid.Status.OFFERED,
    Bid.Status.ACCEPTED,
}


@dataclass(frozen=True)
class Talk:
    """A bid and the contract that came of it, if one did: what a conversation is about."""

    bid: Bid
    contract: Contract | None

    @property
    def title(self) -> str:
        return self.contract.title if self.contract else self.bid.posting.title

    @property
    def about(self) -> str:
        """The page of what it is about."""
        return page_of(self.contract) if self.contract else self.bid.path

    @property
    def path(self) -> str:
        """The page of the conversation."""
        return f"{self.about}messages/"

    @property
    def is_over(self) -> str:
        """Why nothing can be written any more, in words; empty while something can."""
        if self.contract is None:
            if self.bid.status in _STANDING:
                return ""
            state = self.bid.state_in_words.lower()
            return f"This bid is {state}: its messages can be read, and no more are written."
        if self.contract.closed_at is None:
            return ""
        ends_at = self.contract.closed_at + timedelta(days=OPEN_DAYS_AFTER_THE_END)
        if now() < ends_at:
            return ""
        return (
            f"Messages were open until {said_moment(ends_at)}, {OPEN_DAYS_AFTER_THE_END} days "
            "after the contract ended. They stay here to be read."
        )


def mentioned_in(text: str, people: Iterable[User]) -> list[User]:
    """Those whose name, or the first word of it, stands in the text behind an @."""
    return [one for one in people if one.name and _mention_of(one.name).search(text)]


def _mention_of(name: str) -> re.Pattern[str]:
    names = "|".join(re.escape(part) for part in (name, name.split()[0]))
    return re.compile(rf"(?<!\w)@(?:{names})(?!\w)", re.IGNORECASE)
