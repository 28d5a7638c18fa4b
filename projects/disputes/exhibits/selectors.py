"""Which files came with the statements of a dispute, and who may fetch them."""

from django.contrib.auth.models import AnonymousUser
from django.db.models import Prefetch, QuerySet

from accounts.people.models import User
from projects.contracts.selectors import contracts_of
from projects.disputes.exhibits.models import Exhibit
from projects.disputes.models import Dispute

_BY_NAME = ("stored__name", "pk")


def exhibits_of(user: User | AnonymousUser) -> QuerySet[Exhibit]:
    """Those of the disputes on this person's contracts, of either side."""
    mine = contracts_of(user).order_by()
    found = Exhibit.objects.filter(statement__dispute__milestone__contract__in=mine)
    return found.select_related("stored")


def exhibits_on(dispute: Dispute) -> QuerySet[Exhibit]:
    """The same of one dispute, for whoever reads all of it: as they came, by their names."""
    found = Exhibit.objects.filter(statement__dispute=dispute).select_related("stored")
    return found.order_by("statement__created_at", "statement", *_BY_NAME)


def with_exhibits() -> Prefetch:
    """With statements: the files of them all, in one query."""
    return Prefetch("exhibits", Exhibit.objects.select_related("stored").order_by(*_BY_NAME))
