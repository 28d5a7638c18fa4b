"""What both have changed of what they signed: the next version of the same wording."""

import json
from typing import Any

from django.db import transaction

from projects.agreements.amending.order import arranged
from projects.agreements.sealing.services import seal_agreement
from projects.agreements.signing import Signature, sign
from projects.agreements.terms import canonical, digest
from projects.contracts.models import Agreement, Contract
from projects.contracts.selectors import agreement_of
from projects.contracts.services import lock_contract
from projects.milestones.unfunded.services import start_funding_time


@transaction.atomic
def amend(
    *,
    contract: Contract,
    changes: list[dict[str, Any]],
    by: dict[str, Any],
    signatures: dict[str, Signature],
) -> Agreement:
    """The newest wording with these ``changes``, as the next version; the older stay as signed.

    Each change names a milestone by its ``position``, as ``changes/planning.py`` describes; the
    wording carries them, with the hash of the version that they change and ``by`` what both agreed
    on them. ``signatures`` are those of both sides. The contract's lock keeps two from amending at
    once; the caller holds the milestones that change before it.
    """
    locked = lock_contract(contract.pk)
    before = agreement_of(contract)
    wording = json.loads(before.body)
    wording["milestones"] = _changed(wording["milestones"], changes)
    wording["price"] = sum(one["amount"] for one in wording["milestones"])
    wording["amends"] = {"version": before.version, "sha256": before.sha256}
    wording["changes"], wording["changed_by"] = changes, by
    body = canonical(wording)
    agreement = Agreement(
        contract=contract, version=before.version + 1, body=body, sha256=digest(body)
    )
    for role, signature in signatures.items():
        sign(agreement, role, signature)
    agreement.save(force_insert=True)
    seal_agreement(agreement)
    if locked.funding_due_at is not None:
        # Both have just agreed on how it goes on: the client has the whole time for that.
        start_funding_time(locked)
        contract.funding_due_at = locked.funding_due_at
    return agreement


def _changed(parts: list[dict[str, Any]], changes: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The milestones of the wording after all of them. One with a ``due_at`` has it from a change,
    and no longer from the days after acceptance.
    """
    known = {one["position"]: one for one in parts}
    order = list(known)
    for change in changes:
        position = change["position"]
        if "add" in change:
            assert position not in known
            known[position] = {"position": position} | change["add"]
        elif "drop" in change:
            del known[position]
        else:
            assert "place" not in change or order[change["place"]["from"] - 1] == position
            for name in {"amount", "criteria", "due_at", "revisions"} & set(change):
                # What the wording says is what both saw: else this is a change of something else.
                if name in {"amount", "criteria"}:
                    assert known[position][name] == change[name]["from"]
                known[position][name] = change[name]["to"]
    return [known[position] for position in arranged(order, changes)]
