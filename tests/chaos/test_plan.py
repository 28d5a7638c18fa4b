"""The plan of a seed."""

from collections import Counter

from stripe_sandbox import faults
from tests.chaos.plan import (
    API_FAULTS,
    KINDS,
    MISHAPS,
    ROUNDS,
    RULINGS,
    WEBHOOK_FAULTS,
    mishaps_of,
    provider_faults_of,
    ruling_of,
    strikes_of,
)


def test_the_same_seed_has_the_same_plan_and_another_one_another():
    assert strikes_of(7) == strikes_of(7) != strikes_of(8)
    assert provider_faults_of(7) == provider_faults_of(7) != provider_faults_of(8)
    assert mishaps_of(7) == mishaps_of(7) != mishaps_of(8)


def test_everything_that_the_provider_can_do_is_planned():
    assert set(MISHAPS) == faults.MISHAPS.keys()
    assert set(API_FAULTS) == faults.API_FAULTS
    assert set(WEBHOOK_FAULTS) == faults.WEBHOOK_FAULTS
    for seed in range(1, 201):
        assert {mishap["fault"] for mishap in mishaps_of(seed)} == set(MISHAPS)


def test_a_seed_of_even_number_and_the_next_strike_in_every_way():
    for seed in range(0, 200, 2):
        strikes = [*strikes_of(seed), *strikes_of(seed + 1)]
        assert sorted((strike.kind, strike.target) for strike in strikes) == sorted(KINDS)


def test_ten_seeds_hear_of_everything_that_banks_say():
    assert {ruling_of(seed) for seed in range(1, 11)} == set(RULINGS)


def test_no_process_is_killed_twice_in_a_seed_and_all_strikes_come_in_its_first_rounds():
    for seed in range(1, 201):
        strikes = strikes_of(seed)
        killed = Counter(strike.target for strike in strikes if strike.kind == "kill")
        assert max(killed.values(), default=0) <= 1
        assert {strike.round for strike in strikes} <= set(ROUNDS)
