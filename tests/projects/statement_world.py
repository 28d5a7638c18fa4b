"""Contracts whose statements are worth reading, and the checker as its reader runs it."""

import json
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from accounts.parties.selectors import own_party_of
from accounts.people.models import User
from payments.ledger import chart
from payments.ledger.services import Move, move_money
from payments.payouts.models import Payout
from payments.statements import verify_statement
from payments.statements.models import Scope
from payments.statements.selectors import scope_of_party
from payments.statements.writing import as_csv, as_json
from projects.contracts.models import Contract
from projects.contracts.statements import scope_of_contract
from projects.milestones.services import cancel_milestone, release_milestone, submit_work
from tests.world import active_contract, fund

CHECKER = verify_statement.__file__


def lively_contract(client: User, freelancer: User, *, currency: str = "USD") -> Contract:
    """Of five milestones one is released, one is cancelled, one is held and one is not funded."""
    contract = active_contract(
        client, freelancer, [100_010, 30_000, 77_770, 50_000, 20_000], currency=currency
    )
    done, gone, kept, paid, _ = contract.milestones.order_by("position")
    for milestone in (done, gone, kept, paid):
        fund(milestone)
    submit_work(milestone_id=done.pk, by=freelancer, note="Here it is.")
    release_milestone(milestone_id=done.pk, by=client)
    cancel_milestone(milestone_id=gone.pk, step="cancel", by=freelancer)
    release_milestone(milestone_id=paid.pk, by=client)
    return contract


def paid_out(payee: User, amount: int, *, currency: str = "USD", number: int = 1) -> None:
    """A payout as the payee's book tells it: set aside, and arrived."""
    party, leaving = own_party_of(payee), chart.leaving(f"po_{number}")
    Payout.objects.create(public_id=f"po_{number}", party=party, amount=amount, currency=currency)
    legs = [
        ("schedule:1", chart.available(party, currency), leaving),
        ("arrive:1", leaving, chart.provider(currency)),
    ]
    for deed, source, target in legs:
        move_money(
            Move("payout", source, target, amount, currency),
            key=f"po_{number}:{deed}",
            book=chart.payee_book(party),
        )


def statement_of(about: Contract | User) -> dict[str, Any]:
    return json.loads("".join(as_json(scope_of(about))))


def table_of(about: Contract | User) -> str:
    return "".join(as_csv(scope_of(about)))


def scope_of(about: Contract | User) -> Scope:
    if isinstance(about, User):
        return scope_of_party(own_party_of(about))
    return scope_of_contract(about)


def saved(directory: Path, *statements: dict[str, Any] | str) -> list[Path]:
    """Each in a file of its own: data as JSON, text as it is."""
    paths = []
    for number, statement in enumerate(statements, start=1):
        is_text = isinstance(statement, str)
        path = directory / f"statement-{number}.{'csv' if is_text else 'json'}"
        text = statement if is_text else json.dumps(statement, ensure_ascii=False)
        path.write_bytes(text.encode())
        paths.append(path)
    return paths


def checked(paths: Iterable[Path]) -> tuple[int, str]:
    """What the program says and its exit status: alone, with nothing of ours at hand."""
    # -I: neither our folder nor our packages are looked into.
    command = [sys.executable, "-I", CHECKER, *map(str, paths)]
    done = subprocess.run(command, capture_output=True, text=True, cwd="/", check=False)
    assert done.stderr == "", done.stderr
    return done.returncode, done.stdout
