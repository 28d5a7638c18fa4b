"""Many postings of one client at once, as a file brings them."""

from datetime import timedelta
from typing import Any

from django.db import transaction

from accounts.holds.services import judge_may_begin
from accounts.parties.models import Party
from accounts.parties.selectors import own_party_of
from accounts.people.models import User
from marketplace.common.clock import now
from projects.postings import rules
from projects.postings.models import Posting


@transaction.atomic
def import_postings(
    *, by: User, rows: list[dict[str, Any]], publish: bool
) -> tuple[list[Posting], list[dict[str, Any]]]:
    """Many postings of one client in one INSERT: those made, and the rows already there by title.

    A row holds checked fields of ``create_posting`` (rules.checked_posting). Two imports at once
    wait for each other, so that neither makes what the other has made.
    """
    if publish:
        judge_may_begin(by, "publish")
    client = Party.objects.select_for_update(no_key=True).get(pk=own_party_of(by).pk)
    titles = {row["title"] for row in rows}
    seen = set(
        Posting.objects.filter(client=client, title__in=titles).values_list("title", flat=True)
    )
    fresh: list[dict[str, Any]] = []
    there: list[dict[str, Any]] = []
    for row in rows:
        (there if row["title"] in seen else fresh).append(row)
        seen.add(row["title"])
    # A microsecond apart, so that they stand in the order of the file.
    moments = [now() + timedelta(microseconds=place) for place in range(len(fresh))]
    made = [
        Posting(
            client=client,
            created_at=moment,
            status=Posting.Status.OPEN if publish else Posting.Status.DRAFT,
            published_at=moment if publish else None,
            **({"bids_close_at": rules.default_bids_close_at()} if publish else {}) | row,
        )
        for moment, row in zip(moments, fresh, strict=True)
    ]
    return Posting.objects.bulk_create(made), there
