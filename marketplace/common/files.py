"""Files: taken in as a stream, named by their hash, given out as attachments only."""

import hashlib
import unicodedata
from pathlib import PurePosixPath

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.http import FileResponse

from marketplace.common.clock import now
from marketplace.common.errors import InvalidInput, TooLarge
from marketplace.common.models import StoredFile


def store_file(upload: UploadedFile, *, by, param: str = "files") -> StoredFile:
    """Keep an upload. Raises InvalidInput (empty) or TooLarge.

    The bytes are read in chunks, so that a large file never stands in memory as a whole. The
    caller's transaction decides whether the row stays; a file without a row is harmless.
    """
    name = safe_name(upload.name or "")
    if not upload.size:
        raise InvalidInput(f"“{name}” is empty.", param=param)
    if upload.size > settings.MAX_FILE_BYTES:
        limit = settings.MAX_FILE_BYTES // (1024 * 1024)
        raise TooLarge(f"“{name}” is larger than {limit} MB.", param=param)
    digest = hashlib.sha256()
    for chunk in upload.chunks():
        digest.update(chunk)
    upload.seek(0)
    stored = StoredFile(
        name=name,
        size=upload.size,
        sha256=digest.hexdigest(),
        uploaded_by=by,
        created_at=now(),
    )
    # On disk it is called by its public id: no name of theirs ever reaches the file system.
    stored.file.save(stored.public_id, upload, save=False)
    stored.save()
    return stored


def store_files(uploads: list[UploadedFile], *, by, param: str = "files") -> list[StoredFile]:
    """Keep several uploads, or none. Raises InvalidInput or TooLarge."""
    if len(uploads) > settings.MAX_FILES:
        raise InvalidInput(f"Send at most {settings.MAX_FILES} files at once.", param=param)
    return [store_file(upload, by=by, param=param) for upload in uploads]


def safe_name(name: str) -> str:
    """A file's name without folders, control characters or direction marks; at most 200 letters."""
    name = PurePosixPath(name.replace("\\", "/")).name
    name = "".join(c for c in name if unicodedata.category(c)[0] != "C").strip(" .")
    if len(name) > 200:
        stem, dot, ending = name.rpartition(".")
        name = f"{stem[: 190 - len(ending)]}.{ending}" if dot and len(ending) < 12 else name[:200]
    return name or "file"


def attachment(stored: StoredFile) -> FileResponse:
    """The bytes as a download: never shown in our origin, whatever they claim to be."""
    response = FileResponse(
        stored.file.open("rb"),
        as_attachment=True,
        filename=stored.name,
        content_type="application/octet-stream",
    )
    response["X-Content-Type-Options"] = "nosniff"
    response["Content-Security-Policy"] = "sandbox; default-src 'none'"
    response["Cache-Control"] = "private, no-store"
    return response
