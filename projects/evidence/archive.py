"""A signed ZIP, written while it is sent: of no file more than a piece is ever in memory."""

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from zipfile import ZipFile, ZipInfo

SUMS, SIGNATURE = "SHA256SUMS", "signature.json"
# Nothing in it says when it was written: the same record gives the same bytes.
_EPOCH = (1980, 1, 1, 0, 0, 0)
_READABLE = 0o100644 << 16
_UNIX = 3


@dataclass(frozen=True)
class Entry:
    """One file of the archive, in pieces."""

    path: str
    parts: Iterable[bytes]


class _Sink:
    """What the archive is written to, and taken from at once: it cannot go back in it."""

    def __init__(self) -> None:
        self.pieces: list[bytes] = []

    def write(self, data: bytes) -> int:
        self.pieces.append(bytes(data))
        return len(data)

    def flush(self) -> None:
        """Nothing waits."""

    def close(self) -> None:
        """Nothing is open."""

    def take(self) -> bytes:
        taken = b"".join(self.pieces)
        self.pieces.clear()
        return taken


def archive_of(
    entries: Iterable[Entry], *, sign: Callable[[str], dict[str, str]]
) -> Iterator[bytes]:
    """The bytes of the archive: the entries in their order, their hashes, and the signature.

    Nothing is compressed, so nothing unpacks to more than it is. ``sign`` is given the SHA-256 of
    the list of hashes.
    """
    sink, sums = _Sink(), ""
    with ZipFile(sink, "w") as archive:
        for entry in entries:
            digest = hashlib.sha256()
            with archive.open(_info(entry.path), "w") as target:
                for part in entry.parts:
                    digest.update(part)
                    target.write(part)
                    yield sink.take()
            sums += f"{digest.hexdigest()}  {entry.path}\n"
        archive.writestr(_info(SUMS), sums)
        signature = sign(hashlib.sha256(sums.encode()).hexdigest())
        archive.writestr(_info(SIGNATURE), json.dumps(signature, indent=2) + "\n")
    yield sink.take()


def _info(path: str) -> ZipInfo:
    info = ZipInfo(path, _EPOCH)
    info.external_attr, info.create_system = _READABLE, _UNIX
    return info
