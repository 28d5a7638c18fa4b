"""Which files a bid has, in which of its wordings, and who may fetch them."""

from django.contrib.auth.models import AnonymousUser
from django.db.models import Prefetch, Q, QuerySet, prefetch_related_objects

from accounts.parties.selectors import party_ids_of
from accounts.people.models import User
from projects.bids.files.models import BidFile
from projects.bids.models import Bid, BidVersion


def bid_files_of(user: User | AnonymousUser) -> QuerySet[BidFile]:
    """Files of every wording of bids that they made, and of bids on their postings.

    Of a bid that was withdrawn its author's alone, as the bid's own terms are.
    """
    parties = party_ids_of(user)
    withdrawn = Q(bid__status=Bid.Status.WITHDRAWN)
    return BidFile.objects.filter(
        Q(bid__freelancer__in=parties) | Q(bid__posting__client__in=parties) & ~withdrawn
    ).select_related("stored", "bid")


def files_included(bids: QuerySet[Bid]) -> QuerySet[Bid]:
    """The bids, and with one more query the files of them all."""
    return bids.prefetch_related(_files())


def with_files(*bids: Bid) -> None:
    """Read the files of all of them in one query, unless they are read already."""
    prefetch_related_objects(list(bids), _files())


def files_in(wording: Bid | BidVersion) -> list[BidFile]:
    """The files of the wording that stands, or of an earlier one; of a bid ``with_files``."""
    if isinstance(wording, Bid):
        return files_as_of(wording, wording.version)
    return files_as_of(wording.bid, wording.number)


def files_as_of(bid: Bid, number: int) -> list[BidFile]:
    """The files of its wording of this number, by their names; of a bid ``with_files``."""
    return [file for file in bid.files.all() if file.stands_in(number)]


def _files() -> Prefetch:
    files = BidFile.objects.select_related("stored").order_by("stored__name", "pk")
    return Prefetch("files", files)
