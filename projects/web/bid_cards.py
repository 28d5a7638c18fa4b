"""What pages show of a bid beside its terms: its files, and what each edit changed."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from marketplace.common.file_lists import shown_files
from projects.bids.differences import (
    file_differences,
    letter_differences,
    wording_differences,
)
from projects.bids.files.selectors import files_in, with_files
from projects.bids.models import Bid, BidVersion
from projects.screening.models import ScreeningQuestion


def files_of(bid: Bid) -> list[dict[str, Any]]:
    """Those of the wording that stands."""
    with_files(bid)
    return shown_files(files_in(bid), "bid-file", bid.public_id)


def history_of(bid: Bid, questions: Sequence[ScreeningQuestion]) -> list[dict[str, Any]]:
    """Each edit with what it changed, the newest first, and the files of the wording before it."""
    with_files(bid)
    wordings: list[Bid | BidVersion] = [*bid.versions.order_by("number"), bid]
    agreed = set(bid.counter_offers.exclude(became=None).values_list("became", flat=True))
    edits = [
        {
            "at": new.worded_at if isinstance(new, Bid) else new.created_at,
            "lines": wording_differences(old, new, bid.currency, questions)
            + _changed_files(old, new),
            "is_agreed": (new.version if isinstance(new, Bid) else new.number) in agreed,
            "letter": letter_differences(old.letter, new.letter),
            "gone": shown_files(
                [file for file in files_in(old) if file not in files_in(new)],
                "bid-file",
                bid.public_id,
            ),
        }
        for old, new in pairwise(wordings)
    ]
    return edits[::-1]


def _changed_files(old: Bid | BidVersion, new: Bid | BidVersion) -> list[Any]:
    before, after = ([file.stored for file in files_in(one)] for one in (old, new))
    return file_differences(before, after)
