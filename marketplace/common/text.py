"""Words of strangers: one line or many, never a control character, never longer than agreed."""

import re
import unicodedata

from marketplace.common.errors import InvalidInput

# Joiners that Persian, Hindi and others cannot be written without.
_JOINERS = "\u200c\u200d"
# All space but that which keeps an amount and its currency together.
_BREAKS = re.compile(r"[^\S\u00a0\u202f]+")


def checked_line(text: object, *, param: str, longest: int, least: int = 1) -> str:
    """One line with single spaces, of ``least`` to ``longest`` characters. Raises InvalidInput."""
    if isinstance(text, str) and any(sign in text for sign in "\n\r\t"):
        raise InvalidInput("Write this on one line.", param=param)
    return " ".join(checked_text(text, param=param, longest=longest, least=least).split())


def checked_text(text: object, *, param: str, longest: int, least: int = 0) -> str:
    """The text without space around it; lines may break. Raises InvalidInput."""
    if not isinstance(text, str):
        raise InvalidInput("Write this as text.", param=param)
    text = text.replace("\r\n", "\n").strip()
    if any(_is_control(sign) for sign in text):
        raise InvalidInput("There are characters in this that cannot be read.", param=param)
    if len(text) < least:
        raise InvalidInput(
            "This cannot be empty." if least == 1 else f"Write at least {least} characters.",
            param=param,
        )
    if len(text) > longest:
        raise InvalidInput(
            f"This is too long: {len(text):,} characters, at most {longest:,}.", param=param
        )
    return text


def cut_line(text: str, longest: int) -> str:
    """On one line, and cut where it is longer: of what is shown in passing."""
    line = _BREAKS.sub(" ", text).strip()
    return line if len(line) <= longest else f"{line[: longest - 1]}…"


def _is_control(sign: str) -> bool:
    """NUL and its like, half of a surrogate pair, or a mark that turns the direction of reading."""
    kind = unicodedata.category(sign)
    return (kind in ("Cc", "Cs") and sign not in "\n\t") or (kind == "Cf" and sign not in _JOINERS)
