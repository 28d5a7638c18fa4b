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


def check_upload(upload: UploadedFile, *, param: str = "files") -> None:
    """Raises InvalidInput for an empty file, TooLarge for one that is more than we take."""
    name = safe_name(upload.name or "")
    if not upload.size:
        raise InvalidInput(f"“{name}” is empty.", param=param)
    if upload.size > settings.MAX_FILE_BYTES:
        limit = in_megabytes(settings.MAX_FILE_BYTES)
        raise TooLarge(f"“{name}” is larger than {limit}.", param=param)


def store_files(uploads: list[UploadedFile], *, by, param: str = "files") -> list[StoredFile]:
    """Keep several uploads, or none. Raises InvalidInput or TooLarge."""
    if len(uploads) > settings.MAX_FILES:
        raise InvalidInput(f"Send at most {settings.MAX_FILES} files at once.", param=param)
    for upload in uploads:
        check_upload(upload, param=param)
    return [_store(upload, by) for upload in uploads]


def _store(upload: UploadedFile, by) -> StoredFile:
    """The caller's transaction decides whether the row stays; a file without one is harmless."""
    stored = StoredFile(
        name=safe_name(upload.name or ""),
        size=upload.size or 0,
        sha256=digest_of(upload),
        uploaded_by=by,
        created_at=now(),
    )
    # On disk it is called by its public id: no name of theirs ever reaches the file system.
    stored.file.save(stored.public_id, upload, save=False)
    stored.save()
    return stored


def digest_of(upload: UploadedFile) -> str:
    """Its SHA-256 in hex, read in chunks: a large file never stands in memory as a whole."""
    digest = hashlib.sha256()
    for chunk in upload.chunks():
        digest.update(chunk)
    upload.seek(0)
    return digest.hexdigest()


def in_megabytes(size: int) -> str:
    """A limit as people read it."""
    return f"{size // (1024 * 1024)} MB"


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
