"""How a file comes on record. The caller holds the lock of the dispute."""

from django.core.files.uploadedfile import UploadedFile
from django.db.models import Sum

from marketplace.common.attachments import check_attachments, check_room
from marketplace.common.files import store_files
from projects.disputes.exhibits.models import Exhibit
from projects.disputes.models import Statement


def add_exhibits(statement: Statement, uploads: list[UploadedFile]) -> list[Exhibit]:
    """Put the files on record with the statement. The room for them is that of its side.

    Raises InvalidInput or TooLarge, in words that name the file.
    """
    if not uploads:
        return []
    check_attachments(uploads)
    check_room(uploads, held=_held_for(statement))
    return Exhibit.objects.bulk_create(
        Exhibit(statement=statement, stored=stored)
        for stored in store_files(uploads, by=statement.by)
    )


def _held_for(statement: Statement) -> int:
    """How many bytes its side has put on record in this dispute."""
    sent = Exhibit.objects.filter(
        statement__dispute=statement.dispute_id, statement__role=statement.role
    )
    return sent.aggregate(held=Sum("stored__size"))["held"] or 0
