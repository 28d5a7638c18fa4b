"""Inter, cut to what one paper needs: the whole of it is variable, and slow to set at rest."""

import io
import unicodedata
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path

from fontTools import subset
from fontTools.ttLib import TTFont
from fontTools.varLib import instancer

# Stands for a letter that the typeface does not have.
MISSING = "□"
# Always there, so that most papers share one cut: Latin with its extensions, and punctuation.
_USUAL = "".join(map(chr, [*range(0x20, 0x7F), *range(0xA0, 0x250), *range(0x2010, 0x2028)]))
_SPEC = find_spec("fontpkg_inter")


def readable(text: str) -> str:
    """The text with what cannot be set replaced: by a box, or a space where it was one."""
    known = _letters()
    composed = unicodedata.normalize("NFC", text).replace("\r\n", "\n").replace("\r", "\n")
    return "".join(
        one if one == "\n" or ord(one) in known else " " if one.isspace() else MISSING
        for one in composed
        if one == "\n" or one.isspace() or unicodedata.category(one) not in {"Cc", "Cf"}
    )


def cut_for(text: str, weight: int) -> bytes:
    """The typeface in this weight with every letter of the text."""
    extra = "".join(sorted(set(text) - set(_USUAL)))
    return _cut(weight, extra)


@lru_cache(maxsize=8)
def _cut(weight: int, extra: str) -> bytes:
    font = TTFont(_file(), lazy=True, recalcTimestamp=False)
    options = subset.Options()
    options.layout_features = []
    cutter = subset.Subsetter(options)
    cutter.populate(text=_USUAL + MISSING + extra)
    cutter.subset(font)
    small = io.BytesIO()
    font.save(small)
    at_rest = instancer.instantiateVariableFont(
        TTFont(small, recalcTimestamp=False), {"wght": weight, "opsz": 14}
    )
    done = io.BytesIO()
    at_rest.save(done)
    return done.getvalue()


@lru_cache(maxsize=1)
def _letters() -> frozenset[int]:
    return frozenset(TTFont(_file(), lazy=True).getBestCmap())


def _file() -> Path:
    assert _SPEC is not None and _SPEC.origin is not None
    return Path(_SPEC.origin).parent / "files" / "Inter[opsz,wght].ttf"
