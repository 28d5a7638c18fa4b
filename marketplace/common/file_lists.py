"""Files as pages list them."""

from collections.abc import Iterable
from typing import Any, Protocol

from django.urls import reverse

from marketplace.common.models import StoredFile


class _Sent(Protocol):
    """A file of something: of a bid, a delivery, a message, a statement, a hold."""

    @property
    def stored(self) -> StoredFile: ...


def shown_files(files: Iterable[_Sent], route: str, *above: str) -> list[dict[str, Any]]:
    """What ``c-filelist`` is drawn with; ``above`` are the ids in the address before the file's."""
    return [
        {
            "name": file.stored.name,
            "size": file.stored.size,
            "sha256": file.stored.sha256,
            "url": reverse(route, args=[*above, file.stored.public_id]),
        }
        for file in files
    ]
