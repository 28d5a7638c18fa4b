"""Why somebody says no: one of a few words that can be counted, and a sentence if they like."""

from collections.abc import Collection

from marketplace.common.errors import InvalidInput
from marketplace.common.text import checked_line
from marketplace.common.words import Words

# The word beside which a sentence is needed, and which says nothing by itself.
OTHER = "other"
LONGEST_NOTE = 300


def checked_reason(reason: object, note: object, *, among: Collection[str]) -> tuple[str, str]:
    """The word and the sentence as they are kept. Raises InvalidInput with the field at fault."""
    if not isinstance(reason, str) or reason not in among:
        raise InvalidInput(f"Choose one of {', '.join(among)}.", param="reason")
    kept = checked_line(note, param="note", longest=LONGEST_NOTE, least=0)
    if reason == OTHER and not kept:
        raise InvalidInput("Say the reason in a sentence.", param="note")
    return reason, kept


def said(reason: str, label: str, note: str) -> Words:
    """How the other side reads it; labels are marked for the catalogues where they stand."""
    if reason == OTHER:
        return Words.of_others(note)
    if note:
        return Words("%(reason)s: %(note)s", reason=Words(label), note=note)
    return Words("%(reason)s.", reason=Words(label))
