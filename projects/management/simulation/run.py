"""The rounds of a simulation: everybody acts, the clock moves, until all has ended."""

import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from random import Random

from django.conf import settings
from django.db import DatabaseError, connection

from marketplace.common import clock
from marketplace.common.errors import ProviderUnreachable
from marketplace.common.services import advance_clock
from marketplace.demo import top_up
from projects.management.simulation.http import Instance, Person, Surprise
from projects.management.simulation.lives import DEAR, USUAL, Life
from projects.management.simulation.manners import ACTS, MANNERS, approving
from projects.management.simulation.outcomes import what_came_of
from projects.management.simulation.payees import not_yet_paid, onboard, put_right
from projects.management.simulation.people import Crowd, gather
from projects.management.simulation.works import works

AT_ONCE = 8
MOST_ROUNDS = 160
# Between rounds the workers get this long to see the moved clock. After a round in which nobody did
# anything the clock moves in larger steps.
BREATH_SECONDS = 1.5
STEP = timedelta(hours=12)
LONG_STEP = timedelta(days=2)


@dataclass
class Outcome:
    """What became of it all."""

    lives: list[Life]
    instance: Instance
    rounds: int = 0
    unpaid: list[str] = field(default_factory=list)

    @property
    def met(self) -> Counter[str]:
        """What happened on the way, and how often."""
        return sum((life.met for life in self.lives), Counter())

    @property
    def stuck(self) -> list[Life]:
        return [life for life in self.lives if life.problem or not life.outcome]

    @property
    def is_clean(self) -> bool:
        return not (self.stuck or self.unpaid or self.instance.failures)


def play(
    instance: Instance,
    *,
    contracts: int,
    seed: int,
    manner: str | None = None,
    file: Path | None,
    say: Callable[[str], None],
) -> Outcome:
    """Play so many contracts against the instance; ``say`` is told how it goes on.

    In all ``MANNERS``, as often as each is met, or all of them in one ``manner``.
    """
    top_up(settings.STRIPE_API_BASE)
    say(f"Gathering the people of seed {seed} …")
    crowd = gather(instance, seed=seed, contracts=contracts)
    lives = _lives(crowd, contracts=contracts, seed=seed, manner=manner, file=file)
    outcome = Outcome(lives, instance)
    with ThreadPoolExecutor(AT_ONCE) as pool:
        say(f"{len(crowd.payees)} freelancers set up their payouts …")
        list(pool.map(onboard, crowd.payees))
        _rounds(outcome, pool, say)
        list(pool.map(_look_back, outcome.lives))
        say("All have ended. Waiting for the last payouts …")
        _await_payouts(outcome, crowd, pool, say)
    return outcome


def _lives(
    crowd: Crowd, *, contracts: int, seed: int, manner: str | None, file: Path | None
) -> list[Life]:
    random = Random(f"lives of {seed}")
    bodies = works(random, number=contracts, file=file)
    manners = random.choices(list(MANNERS), weights=list(MANNERS.values()), k=contracts)
    if manner:
        manners = [manner] * contracts
    pairs = [random.sample(crowd.freelancers, 2) for _ in range(contracts)]
    return [
        Life(
            number=number,
            random=Random(f"{seed}:{number}"),
            client=random.choice(crowd.clients),
            freelancer=crowd.abroad if manner == "disputing in vain" else pairs[number][0],
            other_freelancer=pairs[number][1],
            mediators=crowd.mediators,
            work=body | ({"awards": 2} if manner == "two awards" else {}),
            prices=DEAR if manner == "disputing much" else USUAL,
            manner=manner,
            acts=ACTS.get(manner, approving),
            present=clock.now,
        )
        for number, (body, manner) in enumerate(zip(bodies, manners, strict=True))
    ]


def _rounds(outcome: Outcome, pool: ThreadPoolExecutor, say: Callable[[str], None]) -> None:
    under_way = {life.number: (life, life.play()) for life in outcome.lives}
    began = time.monotonic()
    while under_way and outcome.rounds < MOST_ROUNDS:
        outcome.rounds += 1
        deeds_before = outcome.instance.deeds
        ended = [number for number in pool.map(_go_on, under_way.values()) if number is not None]
        for number in ended:
            del under_way[number]
        say(
            f"round {outcome.rounds:3} · {clock.now():%d %b %Y %H:%M} · "
            f"{len(outcome.lives) - len(under_way)} of {len(outcome.lives)} ended · "
            f"{sum(outcome.instance.answers.values())} calls · {time.monotonic() - began:.0f} s"
        )
        step = STEP if outcome.instance.deeds > deeds_before else LONG_STEP
        _move_clock(step, patience=outcome.instance.patience)
    for life, _ in under_way.values():
        life.problem = life.problem or "did not end"


def _go_on(playing: tuple[Life, Iterator[None]]) -> int | None:
    """One life's turn; its number once it has ended."""
    life, moves = playing
    try:
        next(moves)
    except StopIteration:
        return life.number
    except Surprise as surprise:
        life.problem = str(surprise)
        return life.number
    except Exception as error:
        life.problem = f"{type(error).__name__}: {error}"
        return life.number
    return None


def _look_back(life: Life) -> None:
    try:
        what_came_of(life)
    except Surprise as surprise:
        life.problem = life.problem or str(surprise)


def _move_clock(by: timedelta, *, patience: float) -> None:
    deadline = time.monotonic() + patience
    while True:
        try:
            advance_clock(seconds=int(by.total_seconds()))
            clock.refresh()
        except (DatabaseError, ProviderUnreachable):
            # It may have moved all the same: then it moves twice, which harms nobody.
            if time.monotonic() > deadline:
                raise
            connection.close()
            time.sleep(1)
        else:
            break
    connection.close()
    time.sleep(BREATH_SECONDS)


def _await_payouts(
    outcome: Outcome, crowd: Crowd, pool: ThreadPoolExecutor, say: Callable[[str], None]
) -> None:
    """Move on until everything earned has reached a bank, and stays there."""
    waiting: list[Person] = []
    people = [person for _, person in crowd.payees]
    for _ in range(30):
        list(pool.map(put_right, crowd.payees))
        owed = list(pool.map(not_yet_paid, people))
        waiting = [person for person, rest in zip(people, owed, strict=True) if rest]
        if not waiting:
            return
        say(f"{len(waiting)} freelancers wait for {sum(owed) / 100:,.2f} USD")
        _move_clock(timedelta(days=1), patience=outcome.instance.patience)
    outcome.unpaid += [f"{person.name} was not paid out" for person in waiting]
