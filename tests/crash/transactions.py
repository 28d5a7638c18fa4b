"""Which transactions of the house move money or lead to it, as its sources say.

A transaction is a service that is ``@transaction.atomic``, or that opens one itself. It is about
money in a room where money or what becomes of it is decided (``ROOMS``), and wherever it names, by
however many others, what moves money or writes in ``payments``.
"""

import ast
from collections import defaultdict
from collections.abc import Iterator, Mapping

from tests.test_house import ROOT, SOURCES

# What stands in those rooms and leads to no money by itself, and why no process is killed in it.
LEFT_OUT = {
    "A proposal, and no to one: nothing has moved, and what is accepted is played.": {
        "projects.agreements.changes.asking.services.propose_ending",
        "projects.agreements.changes.asking.services.propose_extension",
        "projects.agreements.changes.services.counter_change",
        "projects.agreements.changes.services.decline_change",
        "projects.agreements.changes.services.propose_change",
        "projects.agreements.changes.services.withdraw_change",
        "projects.agreements.proposals.services.decline_proposal",
        "projects.agreements.proposals.services.propose_ending",
        "projects.agreements.proposals.services.withdraw_proposal",
        "projects.agreements.services.decline_offer",
        "projects.agreements.services.withdraw_offer",
        "projects.disputes.confirming.services.return_ruling",
        "projects.disputes.sealed.services.withdraw_figure",
        "projects.givebacks.services.decline_giveback",
        "projects.givebacks.services.withdraw_giveback",
        "projects.holds.handing.services.hand_over_by_agreement",
    },
    "Bids hold no money; the other things that an outage puts off are played.": {
        "projects.agreements.downtime.bidding.services.put_off_bidding",
        "projects.agreements.downtime.bidding.services.tell_of_bidding",
    },
    "Who reads a case, and with which texts: what they then decide is played.": {
        "projects.disputes.assigning.services.assign_dispute",
        "projects.disputes.assigning.services.give_up_dispute",
        "projects.disputes.templates.services._save",
        "projects.disputes.templates.services.delete_template",
        "projects.disputes.templates.services.edit_template",
        "projects.disputes.templates.services.write_template",
    },
    "A comparison of the books that waits for the provider: it has written nothing yet.": {
        "payments.reconciliation.running.services._put_off",
    },
    "The operator's: rules for what is signed from then on, roles, a picture to read from.": {
        "payments.ledger.database_roles.services.set_up_database_roles",
        "payments.ledger.services.still_picture",
        "payments.policies.services.add_version",
    },
}

MOVES = "payments.ledger.services.move_money"
ROOMS = (
    "accounts.holds.",
    "payments.",
    "projects.agreements.",
    "projects.bonuses.",
    "projects.contracts.",
    "projects.disputes.",
    "projects.givebacks.",
    "projects.holds.",
    "projects.milestones.",
)


def left_out() -> set[str]:
    return set().union(*LEFT_OUT.values())


def money_deeds() -> set[str]:
    """All of them, as ``module.function``, that some deed has to play."""
    return about_money(modules()) - left_out()


def modules() -> dict[str, ast.Module]:
    """By their dotted names."""
    return {
        ".".join(path.relative_to(ROOT).with_suffix("").parts): ast.parse(path.read_text())
        for path in SOURCES
    }


def about_money(house: Mapping[str, ast.Module]) -> set[str]:
    every = set(transactions(house))
    writers = {one for one in every if one.startswith("payments.")}
    leading = who_reaches({MOVES} | writers, house)
    return {one for one in every if one in leading or one.startswith(ROOMS)}


def transactions(house: Mapping[str, ast.Module]) -> Iterator[str]:
    for module, tree in house.items():
        for one in ast.walk(tree):
            if isinstance(one, ast.FunctionDef) and any(map(_opens_one, ast.walk(one))):
                yield f"{module}.{one.name}"


def _opens_one(node: ast.AST) -> bool:
    return isinstance(node, ast.Attribute) and ast.unparse(node) == "transaction.atomic"


def who_reaches(targets: set[str], house: Mapping[str, ast.Module]) -> set[str]:
    """Whatever names one of these, or names what does; a name that is only handed on counts."""
    named_by = defaultdict(set)
    for module, tree in house.items():
        for who, name in _naming(module, tree):
            named_by[name].add(who)
    found, todo = set(), set(targets)
    while todo:
        one = todo.pop()
        if one not in found:
            found.add(one)
            todo |= named_by[one]
    return found


def _naming(module: str, tree: ast.Module) -> Iterator[tuple[str, str]]:
    """Which name of the module names which other, both with the dots of their modules."""
    of_statement = [(_names_of(statement), statement) for statement in tree.body]
    known = {name: f"{module}.{name}" for names, _ in of_statement for name in names}
    for one in tree.body:
        if isinstance(one, ast.ImportFrom):
            known |= {
                alias.asname or alias.name: f"{one.module}.{alias.name}" for alias in one.names
            }
    for names, statement in of_statement:
        for node in ast.walk(statement):
            root, dot, rest = _dotted(node).partition(".")
            if root in known:
                yield from ((f"{module}.{name}", f"{known[root]}{dot}{rest}") for name in names)


def _names_of(statement: ast.stmt) -> list[str]:
    if isinstance(statement, (ast.FunctionDef, ast.ClassDef)):
        return [statement.name]
    targets = getattr(statement, "targets", None) or [getattr(statement, "target", None)]
    return [one.id for one in targets if isinstance(one, ast.Name)]


def _dotted(node: ast.AST) -> str:
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
        return f"{node.value.id}.{node.attr}"
    return ""
