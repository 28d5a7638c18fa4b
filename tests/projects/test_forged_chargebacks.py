"""What a bank took is divided as the formula says, or the checker of statements finds it."""

import json
import random

import pytest

from payments.escrow.banks.services import bring_back, take_back
from payments.fundings.models import Payment
from projects.milestones.parts.services import release_part
from projects.milestones.services import release_milestone
from tests.projects.forging import Statement, make_anew
from tests.projects.statement_world import checked, saved, statement_of
from tests.world import active_contract, fund

pytestmark = pytest.mark.django_db

# Made once: a statement is plain data, and each forger takes a copy.
_HONEST: list[str] = []


@pytest.fixture
def honest(ada, ben) -> Statement:
    """Of one milestone a bank takes 400.00 after its release, 100.00 more, and gives those back; of
    another one, partly released, more than is held.
    """
    if not _HONEST:
        contract = active_contract(ada, ben, [100_001, 50_000])
        one, two = (fund(milestone) for milestone in contract.milestones.order_by("position"))
        release_milestone(milestone_id=one.pk, by=ada)
        release_part(milestone_id=two.pk, by=ada, amount=33_333)
        _take(one, 40_000, "1")
        last = _take(one, 10_000, "2")
        bring_back(payment_id=_payment(one).pk, taken=last, chargeback="cb_1", movement="3")
        _take(two, 20_000, "4", chargeback="cb_2")
        _HONEST.append(json.dumps(statement_of(contract)))
    return json.loads(_HONEST[0])


def _payment(milestone) -> Payment:
    return Payment.objects.get(paid_for=milestone.escrow.public_id)


def _take(milestone, amount: int, movement: str, *, chargeback: str = "cb_1"):
    return take_back(
        payment_id=_payment(milestone).pk, amount=amount, chargeback=chargeback, movement=movement
    )


def of_deed(statement: Statement, key: str) -> dict[str, dict]:
    return {line["kind"]: line for line in statement["lines"] if line["key"] == key}


def shift(statement: Statement, key: str, units: int) -> None:
    """So much more is said to be owed, and so much less is borne by the fees."""
    parts = of_deed(statement, key)
    parts["chargeback_owed"]["amount"] += units
    parts["chargeback_fees"]["amount"] -= units
    make_anew(statement)


def test_an_honest_one_passes(honest, tmp_path):
    assert of_deed(honest, "cb_1:1")["chargeback_owed"]["amount"] == 37_670
    assert {"chargeback", "chargeback_owed"} <= set(of_deed(honest, "cb_2:4"))

    status, said = checked(saved(tmp_path, honest))

    assert (status, "WRONG" in said) == (0, False), said


@pytest.mark.parametrize("seed", range(4))
def test_whatever_banks_do_an_honest_one_passes(ada, ben, tmp_path, seed):
    chance = random.Random(seed)
    contract = active_contract(ada, ben, [100_001, 33_337, 50_000])
    milestones = [fund(milestone) for milestone in contract.milestones.order_by("position")]
    for milestone in milestones[:2]:
        release_part(milestone_id=milestone.pk, by=ada, amount=chance.randint(1, 30_000))
    standing: list[tuple] = []
    for number in range(12):
        place = chance.randrange(3)
        milestone = milestones[place]
        if number == 5:
            release_milestone(milestone_id=milestones[0].pk, by=ada)
        elif standing and chance.random() < 0.35:
            whose, taken = standing.pop()
            bring_back(
                payment_id=_payment(whose).pk,
                taken=taken,
                chargeback=f"cb_{milestones.index(whose)}",
                movement=f"back{number}",
            )
        else:
            amount = chance.randint(1, _payment(milestone).amount // 3)
            taken = _take(milestone, amount, str(number), chargeback=f"cb_{place}")
            standing.append((milestone, taken))

    status, said = checked(saved(tmp_path, statement_of(contract)))

    assert (status, "WRONG" in said) == (0, False), said


@pytest.mark.parametrize("key", ["cb_1:1", "cb_1:2", "cb_2:4"])
@pytest.mark.parametrize("units", [-1, 1, 100])
def test_a_unit_more_or_less_owed_is_found(honest, tmp_path, key, units):
    shift(honest, key, units)

    status, said = checked(saved(tmp_path, honest))

    assert status == 1 and "owed is no formula's" in said, said


def test_all_of_it_laid_upon_the_payee_is_found(honest, tmp_path):
    parts = of_deed(honest, "cb_1:1")
    parts["chargeback_owed"]["amount"] += parts["chargeback_fees"]["amount"]
    honest["lines"].remove(parts["chargeback_fees"])
    make_anew(honest)

    status, said = checked(saved(tmp_path, honest))

    assert status == 1 and "of 40000 released, 40000 owed is no formula's" in said, said


def test_less_forgiven_than_was_owed_is_found(honest, tmp_path):
    back = [line for line in honest["lines"] if line["key"] == "cb_1:3"]
    to_payee = next(line for line in back if line["target"].startswith("party:"))
    ours = next(line for line in back if line["target"].startswith("platform:fees"))
    to_payee["amount"] -= 5
    ours["amount"] += 5
    make_anew(honest)

    status, said = checked(saved(tmp_path, honest))

    assert status == 1 and "owed is no formula's" in said, said


def test_what_is_owed_while_something_is_held_is_found(honest, tmp_path):
    """The held part is said to be smaller, and nothing else: it would lie there still."""
    of_deed(honest, "cb_2:4")["chargeback"]["amount"] -= 10
    make_anew(honest)

    status, said = checked(saved(tmp_path, honest))

    assert status == 1 and "are owed while 10 are held" in said, said
