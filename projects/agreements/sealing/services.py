"""The platform signs what both sides have accepted."""

from typing import Any

from django.conf import settings
from django.db import transaction

from marketplace.common.clock import now
from projects.agreements.sealing.keys import key_id_of, own_key, public_half
from projects.agreements.sealing.models import Seal, SigningKey
from projects.agreements.terms import canonical
from projects.contracts.models import Agreement


@transaction.atomic
def seal_agreement(agreement: Agreement) -> Seal:
    """Sign the digest and both acceptances, in the transaction of the second one.

    The contract's lock is held. From here on PostgreSQL lets nobody change the wording, who
    accepted it, or the seal.
    """
    key, moment = own_key(), now()
    public_key = public_half(key)
    known, _ = SigningKey.objects.get_or_create(
        key_id=key_id_of(public_key), defaults={"public_key": public_key}
    )
    contract = agreement.contract
    body = canonical(
        {
            "seal": 1,
            "site": settings.SITE_URL,
            "contract": contract.public_id,
            "version": agreement.version,
            "sha256": agreement.sha256,
            "acceptances": [acceptance_of(agreement, role) for role in ("client", "freelancer")],
            "sealed_at": moment.isoformat(),
            "key": known.key_id,
        }
    )
    signature = key.sign(body.encode()).hex()
    return Seal.objects.create(
        agreement=agreement, body=body, key=known, signature=signature, created_at=moment
    )


def acceptance_of(agreement: Agreement, role: str) -> dict[str, Any]:
    """Which party accepted, who did it for them, when, and how they showed that it was they."""
    party, person = getattr(agreement.contract, role), getattr(agreement, f"{role}_signer")
    return {
        "role": role,
        "party": {"id": party.public_id, "name": party.name},
        # Not known of an offer that stood before it was kept.
        "by": person and {"id": person.public_id, "name": person.name},
        "at": getattr(agreement, f"signed_by_{role}_at").isoformat(),
        "confirmed_with": getattr(agreement, f"{role}_confirmed_with") or None,
    }
