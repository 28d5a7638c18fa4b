"""Whether a ZIP that somebody sends fills the disk of whoever opens it."""

import struct
import zlib
from collections.abc import Iterator
from zipfile import ZIP_DEFLATED, ZIP_STORED, BadZipFile, ZipFile, ZipInfo

from django.core.files.uploadedfile import UploadedFile

from marketplace.common.errors import InvalidInput

# Many times what the densest of honest ones unpacks to, at the size that we take.
MOST_UNPACKED = 1024 * 1024 * 1024
MOST_ENTRIES = 10_000
# Each name in the list of an archive begins so; its data lie behind a head of this length, which
# says at this place how long its name and its extras are.
_ENTRY = b"PK\x01\x02"
_HEAD, _LENGTHS = 30, slice(26, 30)
_PIECE = 64 * 1024
_IS_LOCKED = 0x1
# What is a ZIP itself, and is opened by a program of its own.
_DOCUMENTS = (".docx", ".odp", ".ods", ".odt", ".pptx", ".xlsx")


def check_archive(upload: UploadedFile, *, name: str, param: str) -> None:
    """Look into each of its files without keeping any: a list that says less than there is would
    deceive whoever believed it.

    Raises InvalidInput where it is no archive that can be read, holds another one, is locked, or
    would unpack to too much.
    """
    # Counted before the list is read: one of half a million names would fill our own memory.
    if sum(chunk.count(_ENTRY) for chunk in upload.chunks()) > MOST_ENTRIES:
        raise InvalidInput(
            f"There are more than {MOST_ENTRIES:,} files in “{name}”: send less at once.",
            param=param,
            code="unpacks_to_too_much",
        )
    left = MOST_UNPACKED
    try:
        for entry in _listed_in(upload):
            left -= _unpacked(upload, entry, most=left)
            if left < 0:
                raise InvalidInput(
                    f"“{name}” would unpack to more than a gigabyte: send less.",
                    param=param,
                    code="unpacks_to_too_much",
                )
    except _IsNested:
        raise InvalidInput(
            f"There is a ZIP inside “{name}”. Pack what is in it, not the ZIP.",
            param=param,
            code="nested_archive",
        ) from None
    except _IsLocked:
        raise InvalidInput(
            f"“{name}” is locked with a password. Send one that everybody can read.",
            param=param,
            code="locked_archive",
        ) from None
    # Python says of what it cannot read in all these ways; of a disk that fails, so does writing.
    except (BadZipFile, NotImplementedError, OSError, ValueError, struct.error, zlib.error):
        raise InvalidInput(
            f"“{name}” is damaged: pack it again.", param=param, code="damaged_archive"
        ) from None
    finally:
        upload.seek(0)


class _IsNested(Exception):
    """It holds another archive, of which nobody knows what is in it."""


class _IsLocked(Exception):
    """Nobody can say what is in it."""


def _listed_in(upload: UploadedFile) -> list[ZipInfo]:
    with ZipFile(upload) as archive:
        entries = archive.infolist()
    # One part that is listed a hundred times unpacks to a hundred times as much.
    if sum(entry.compress_size for entry in entries) > (upload.size or 0):
        raise BadZipFile
    return entries


def _unpacked(upload: UploadedFile, entry: ZipInfo, *, most: int) -> int:
    """How many bytes come out of it, or more than ``most`` where that was enough."""
    if entry.flag_bits & _IS_LOCKED:
        raise _IsLocked
    size, begins = 0, b""
    for piece in _pieces_of(upload, entry):
        begins = (begins + piece[:4])[:4]
        size += len(piece)
        if size > most:
            break
    is_archive = begins == b"PK\x03\x04" and not entry.filename.lower().endswith(_DOCUMENTS)
    if is_archive or entry.filename.lower().endswith(".zip"):
        raise _IsNested
    return size


def _pieces_of(upload: UploadedFile, entry: ZipInfo) -> Iterator[bytes]:
    upload.seek(entry.header_offset)
    lengths = struct.unpack("<HH", upload.read(_HEAD)[_LENGTHS])
    upload.seek(entry.header_offset + _HEAD + sum(lengths))
    packed = _read(upload, entry.compress_size)
    if entry.compress_type == ZIP_STORED:
        yield from packed
        return
    if entry.compress_type != ZIP_DEFLATED:
        raise BadZipFile  # in a way that the tools of most people do not know either
    inflater = zlib.decompressobj(-zlib.MAX_WBITS)
    for piece in packed:
        rest = piece
        while rest and not inflater.eof:
            yield inflater.decompress(rest, _PIECE)
            rest = inflater.unconsumed_tail


def _read(upload: UploadedFile, size: int) -> Iterator[bytes]:
    while size > 0 and (piece := upload.read(min(size, _PIECE))):
        size -= len(piece)
        yield piece
