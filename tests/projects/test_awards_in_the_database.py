"""However a bid comes to be offered or accepted, PostgreSQL counts its award: raw SQL too."""

import json

import pytest
from django.db import DatabaseError, connection, transaction

from accounts.parties.selectors import own_party_of
from projects.agreements.services import award_bid
from projects.bids.models import Bid
from projects.postings.models import Posting
from tests.projects.test_several_awards import hired, offered
from tests.world import open_posting, person, submitted_bid

pytestmark = pytest.mark.django_db


def refused_by(law: str):
    return pytest.raises(DatabaseError, match=law)


@pytest.fixture
def posting(ada) -> Posting:
    return open_posting(ada, awards=2)


def written_as(status: str, posting: Posting, by: str) -> None:
    """A copy of the posting's first bid, by raw SQL and by somebody else, in this state."""
    row = posting.bids.order_by("pk").values().first() | {
        "public_id": f"bd_copy{by}",
        "freelancer_id": own_party_of(person(by)).pk,
        "status": status,
    }
    del row["id"]
    values = [json.dumps(it) if isinstance(it, (dict, list)) else it for it in row.values()]
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO projects_bid ({', '.join(row)}) VALUES ({', '.join(['%s'] * len(row))})",
            values,
        )


@pytest.mark.parametrize("status", ["offered", "accepted"])
def test_the_database_makes_no_bid_that_has_its_award_from_the_start(posting, ben, status):
    submitted_bid(posting, ben)
    written_as("submitted", posting, "Kim")
    with refused_by(f"nothing is made as {status}"), transaction.atomic():
        written_as(status, posting, "Lou")
    assert posting.bids.count() == 2


def test_the_database_counts_what_is_moved_to_another_posting(posting, ada, ben, cleo):
    hired(posting, ben, ada)
    offered(posting, cleo, ada)
    elsewhere = submitted_bid(open_posting(ada), person("Kim"))
    award_bid(bid_id=elsewhere.pk, by=ada)
    with refused_by("a posting of 2 awards has 3 made or offered"), transaction.atomic():
        Bid.objects.filter(pk=elsewhere.pk).update(posting=posting)
