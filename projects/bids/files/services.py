"""How the files of a bid change from one wording to the next. The caller holds the bid's lock."""

from dataclasses import dataclass, field

from django.core.files.uploadedfile import UploadedFile
from django.db.models import Sum

from accounts.people.models import User
from marketplace.common.attachments import check_attachments, check_room, folded
from marketplace.common.errors import InvalidInput
from marketplace.common.files import digest_of, safe_name, store_files
from projects.bids.files.models import BidFile
from projects.bids.models import Bid


@dataclass(frozen=True)
class FileChange:
    """What comes and what goes; nothing at all where the files stay as they are."""

    uploads: list[UploadedFile] = field(default_factory=list)
    gone: list[BidFile] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.uploads or self.gone)


def checked_files(
    bid: Bid, *, uploads: list[UploadedFile], remove: list[str] | None = None
) -> FileChange:
    """What this does to the files that stand; nothing is written yet.

    An upload takes the place of the file of the same name; the same file once more changes nothing.
    ``remove`` has ids of files that go. Raises InvalidInput or TooLarge with the field at fault.
    """
    if not (uploads or remove):
        return FileChange()
    found = BidFile.objects.filter(bid=bid, removed_in=None)
    standing = list(found.select_related("stored").order_by("pk"))
    known = {file.stored.public_id for file in standing}
    if unknown := set(remove or ()) - known:
        raise InvalidInput(f"The bid has no file {min(unknown)}.", param="remove_files")
    gone = [file for file in standing if file.stored.public_id in (remove or ())]
    staying = {folded(file.stored.name): file for file in standing if file not in gone}
    # Judged before they are compared: two of one name among the uploads are a mistake.
    names = {folded(safe_name(upload.name or "")) for upload in uploads}
    check_attachments(uploads, beside=[name for name in staying if name not in names])
    fresh = []
    for upload in uploads:
        old = staying.get(folded(safe_name(upload.name or "")))
        if old is not None and _is_same(old, upload):
            continue
        fresh.append(upload)
        if old is not None:
            gone.append(old)
    if fresh:
        check_room(fresh, held=_held_for(bid))
    return FileChange(fresh, gone)


def write_files(bid: Bid, change: FileChange, *, by: User) -> None:
    """Let the wording that stands now have its files; it was written just before."""
    numbers = [file.pk for file in change.gone]
    BidFile.objects.filter(pk__in=numbers).update(removed_in=bid.version)
    BidFile.objects.bulk_create(
        BidFile(bid=bid, stored=stored, added_in=bid.version)
        for stored in store_files(change.uploads, by=by)
    )


def _held_for(bid: Bid) -> int:
    """How many bytes are kept of what its author sent for this posting: a bid that was taken back
    keeps its files, and whoever bids again has what it left.
    """
    sent = BidFile.objects.filter(bid__posting=bid.posting_id, bid__freelancer=bid.freelancer_id)
    return sent.aggregate(held=Sum("stored__size"))["held"] or 0


def _is_same(old: BidFile, upload: UploadedFile) -> bool:
    return old.stored.size == upload.size and old.stored.sha256 == digest_of(upload)
