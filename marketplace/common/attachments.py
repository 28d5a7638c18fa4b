"""What may be attached where people read it who do not know each other yet."""

import unicodedata
from collections.abc import Iterable

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile

from marketplace.common.archives import check_archive
from marketplace.common.errors import InvalidInput, TooLarge
from marketplace.common.files import check_upload, in_megabytes, safe_name

_ZIP = ((0, b"PK\x03\x04"),)
_JPEG = ((0, b"\xff\xd8\xff"),)
_FILM = ((4, b"ftyp"),)
# By the ending of the name: which bytes begin such a file, and where. Text has no mark of its own.
# None of these runs, or poses as a page of somebody else's, when it is opened; what would goes into
# a ZIP, which nobody opens by accident, and which the house never unpacks.
KINDS: dict[str, tuple[tuple[int, bytes], ...]] = {
    "csv": (),
    "docx": _ZIP,
    "gif": ((0, b"GIF87a"), (0, b"GIF89a")),
    "jpeg": _JPEG,
    "jpg": _JPEG,
    "md": (),
    "mov": _FILM,
    "mp4": _FILM,
    "odp": _ZIP,
    "ods": _ZIP,
    "odt": _ZIP,
    "pdf": ((0, b"%PDF-"),),
    "png": ((0, b"\x89PNG\r\n\x1a\n"),),
    "pptx": _ZIP,
    "txt": (),
    "webp": ((8, b"WEBP"),),
    "xlsx": _ZIP,
    "zip": _ZIP,
}
WHAT_TO_SEND = "Send a PDF, a picture, a film, a document, text, or a ZIP of anything else."
_HEAD = 1024
# Text of some programs is two bytes a letter, and says so first.
_WIDE_TEXT = (b"\xff\xfe", b"\xfe\xff")


def check_attachments(
    uploads: list[UploadedFile], *, beside: Iterable[str] = (), param: str = "files"
) -> None:
    """Judge number, names, kinds and the size of each; ``beside`` are the names of those that stay.

    Raises InvalidInput or TooLarge, in words that name the file. Whether there is room for all of
    them together is for ``check_room``.
    """
    there = [folded(name) for name in beside]
    if len(there) + len(uploads) > settings.MAX_FILES:
        raise InvalidInput(
            f"There is room for {settings.MAX_FILES} files.", param=param, code="too_many_files"
        )
    names = set(there)
    for upload in uploads:
        check_upload(upload, param=param)
        name = safe_name(upload.name or "")
        if folded(name) in names:
            raise InvalidInput(
                f"There are two files called “{name}”: give one of them another name.",
                param=param,
                code="same_name",
            )
        names.add(folded(name))
        _check_kind(upload, name, param)


def check_room(uploads: list[UploadedFile], *, held: int, param: str = "files") -> None:
    """Raises TooLarge where they do not fit beside the ``held`` bytes that are kept there."""
    if held + sum(upload.size or 0 for upload in uploads) > settings.MAX_ATTACHED_BYTES:
        raise TooLarge(
            f"With this there would be more than {in_megabytes(settings.MAX_ATTACHED_BYTES)} kept "
            "here: send smaller files.",
            param=param,
        )


def limits_in_words() -> str:
    """What may be attached, for whoever is about to choose."""
    each, at_once, together = (
        in_megabytes(size)
        for size in (settings.MAX_FILE_BYTES, settings.MAX_BODY_BYTES, settings.MAX_ATTACHED_BYTES)
    )
    return (
        f"{WHAT_TO_SEND} Up to {settings.MAX_FILES} of at most {each} each; {at_once} at once, "
        f"{together} in all."
    )


def folded(name: str) -> str:
    """The name as some computers compare it: two that differ in less are one file there."""
    return unicodedata.normalize("NFC", name).casefold()


def _check_kind(upload: UploadedFile, name: str, param: str) -> None:
    """By its ending, and by its first bytes: a program stays one under any name."""
    ending = name.rpartition(".")[2].lower() if "." in name else ""
    if ending not in KINDS:
        raise InvalidInput(
            f"Files like “{name}” are not taken here. {WHAT_TO_SEND}",
            param=param,
            code="wrong_type",
        )
    upload.seek(0)
    head = upload.read(_HEAD)
    upload.seek(0)
    marks = KINDS[ending]
    if marks:
        is_so = any(head[place:].startswith(mark) for place, mark in marks)
    else:
        is_so = head.startswith(_WIDE_TEXT) or b"\0" not in head
    if not is_so:
        raise InvalidInput(
            f"“{name}” is not what its name says. {WHAT_TO_SEND}", param=param, code="wrong_type"
        )
    if marks is _ZIP:
        check_archive(upload, name=name, param=param)
