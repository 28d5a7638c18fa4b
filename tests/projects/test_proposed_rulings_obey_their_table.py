"""Every state of a decision that waits for a second mediator, every person, every step: by deed."""

from types import SimpleNamespace
from typing import Any

import pytest

from marketplace.common.clock import now
from marketplace.common.lifecycle import MEDIATOR
from projects.disputes.confirming.models import LIFECYCLE, ProposedRuling
from projects.disputes.confirming.services import confirm_ruling, return_ruling
from projects.disputes.services import close_moot_dispute
from projects.milestones.services import release_milestone
from tests import walking
from tests.projects.two_mediators import proposed
from tests.walking import Deed, Walk

pytestmark = pytest.mark.django_db


def written(who: Any) -> ProposedRuling:
    return proposed(who.ada, who.ben, who.dora)


def of_a_released_milestone(who: Any) -> ProposedRuling:
    ruling = written(who)
    release_milestone(milestone_id=ruling.dispute.milestone_id, by=who.ada)
    return ruling


def _close(pk: int) -> object:
    return close_moot_dispute(dispute_id=ProposedRuling.objects.get(pk=pk).dispute_id)


DEEDS = {
    "confirm": Deed(written, lambda pk, by: confirm_ruling(proposed_id=pk, by=by)),
    "return": Deed(
        written, lambda pk, by: return_ruling(proposed_id=pk, by=by, why="Look at part 2.")
    ),
    # With whatever else ends what the dispute waits for.
    "lapse": Deed(of_a_released_milestone, _close, by_house=True),
}


def people(who: Any) -> dict[str, Any]:
    return walking.people(who) | {MEDIATOR: who.emil}


@pytest.fixture
def who(ada, ben, cleo, dora, emil, mona) -> SimpleNamespace:
    """Dora has written it, Emil answers."""
    return SimpleNamespace(ada=ada, ben=ben, cleo=cleo, dora=dora, emil=emil, mona=mona)


def test_every_step_has_its_deed():
    assert set(DEEDS) == set(LIFECYCLE.steps)


@pytest.mark.parametrize("step", DEEDS)
def test_proposed_rulings_obey_their_table(step, who):
    def as_it_would_be(status: str) -> dict[str, Any]:
        answered = status in {"confirmed", "returned"}
        return {
            "closed_at": None if status == "proposed" else now(),
            "answered_by": who.emil if answered else None,
            "returned_for": "Look at part 2." if status == "returned" else "",
        }

    Walk(LIFECYCLE, DEEDS, people, as_it_would_be).of(step, who)
