"""What somebody reads of theirs: page after page, each by an index, and nothing twice."""

import random

import pytest
from django.db import connection
from django.db.models import Q
from django.test import RequestFactory

from marketplace.common.pages import page_of
from payments.ledger.models import LedgerAccount, Transfer
from payments.ledger.services import Move, move_money
from payments.payouts.statement import movements_in

pytestmark = pytest.mark.django_db

BENS, HIS_STUDIOS = "party:ben:available:USD", "party:studio:available:USD"
OTHERS = ["provider:stripe:USD", "party:cleo:available:USD"]


@pytest.fixture
def his() -> list[int]:
    """Ben's accounts, after seventy movements of him, his studio and others."""
    ends = [BENS, HIS_STUDIOS, *OTHERS]
    for place, key in enumerate(ends[:2] + ends[3:]):
        move_money(Move("fund", OTHERS[0], key, 1_000, "USD"), key=f"fund:{place}")
    draw = random.Random(1)
    for number in range(70):
        source, target = draw.sample(ends, 2)
        move_money(Move("pay", source, target, 1 + number % 9, "USD"), key=f"pay:{number}")
    accounts = LedgerAccount.objects.filter(key__in=[BENS, HIS_STUDIOS])
    return list(accounts.values_list("pk", flat=True))


def pages(his: list[int], url: str = "?", *, back: bool = False) -> list[list[int]]:
    found = []
    while url:
        page = page_of(RequestFactory().get(f"/{url}"), movements_in(his))
        found.append([movement.pk for movement in page.items])
        url = page.previous_url if back else page.next_url
        last = page
    if not back:
        assert pages(his, last.previous_url, back=True) == found[-2::-1]
    return found


def test_every_page_follows_the_one_before_also_on_the_way_back(his):
    every = Transfer.objects.filter(Q(source__in=his) | Q(target__in=his))
    newest_first = list(every.order_by("-created_at", "-id").values_list("pk", flat=True))
    assert len(newest_first) > 40

    found = pages(his)

    assert [pk for page in found for pk in page] == newest_first
    assert [len(page) for page in found[:-1]] == [20] * (len(found) - 1)


def test_who_has_nothing_has_an_empty_page():
    assert pages([]) == [[]]


def test_each_side_of_each_account_is_read_by_its_index_and_sorted_no_further(his):
    rows = movements_in(his).order_by("-created_at", "-id")[:21]
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")  # which is best for seventy rows
        cursor.execute("SET LOCAL enable_bitmapscan = off")
        cursor.execute("SET LOCAL enable_sort = off")
    plan = rows.explain()

    for index in ("transfers_out_of_by_time", "transfers_into_by_time"):
        assert plan.count(f"using {index}") == 2, plan
    assert plan.count("Limit") == 5, plan
