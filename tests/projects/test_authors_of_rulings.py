"""A decision that waits for a second mediator is judged by who its author is by then."""

import pytest

from accounts.parties.models import Membership
from accounts.people.services import grant_staff_roles
from marketplace.common.errors import NotAllowed
from marketplace.common.lifecycle import SYSTEM
from projects.disputes.confirming.services import confirm_ruling, return_ruling
from tests.projects.two_mediators import proposed
from tests.world import browser

pytestmark = pytest.mark.django_db


def refused(row, emil) -> None:
    with pytest.raises(NotAllowed, match="may not decide this case any more"):
        confirm_ruling(proposed_id=row.pk, by=emil)
    page = browser(emil).get(row.dispute.desk_path).content.decode()
    assert "may not decide this case any more" in page
    assert return_ruling(proposed_id=row.pk, by=emil, why="Dora has left.").status == "returned"


def test_what_one_who_is_no_mediator_any_more_wrote_is_not_confirmed(ada, ben, dora, emil):
    row = proposed(ada, ben, dora)
    grant_staff_roles(user_id=dora.pk, roles=set(), by=SYSTEM)
    refused(row, emil)


def test_what_one_who_has_become_a_side_wrote_is_not_confirmed(ada, ben, dora, emil):
    row = proposed(ada, ben, dora)
    Membership.objects.create(party=row.dispute.milestone.contract.client, user=dora)
    refused(row, emil)
