"""What a file is called in a bundle: something that every computer can write to its disk."""

import unicodedata

from marketplace.common.files import safe_name

# Of the stem; with the number and the ending it stays below the 255 bytes of a file system.
_LONGEST_STEM = 50
# What Windows takes for a part of a path, or for a pattern.
_NEVER = set('<>:"/\\|?*')


def path_in(folder: str, number: int, name: str) -> str:
    """Where the file stands. The number keeps two of one name apart, also where case is nothing."""
    clean = safe_name(unicodedata.normalize("NFC", name))
    clean = "".join("_" if one in _NEVER or not one.isprintable() else one for one in clean)
    stem, dot, ending = clean.rpartition(".")
    if not dot or not ending.isascii() or len(ending) > 10:
        stem, ending = clean, ""
    stem = stem[:_LONGEST_STEM].strip(" .") or "file"
    return f"{folder}/{number:03d}-{stem}{dot and ending and f'.{ending}'}"
