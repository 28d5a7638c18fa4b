"""An agreement as one file: every version, who accepted it, what the platform signed."""

import json
from collections.abc import Iterable
from typing import Any

from django.conf import settings

from marketplace.common.clock import now
from projects.agreements.sealing.models import Seal
from projects.contracts.models import Agreement, Contract

FORMAT = "milepost-agreement/1"


def signed_document(
    contract: Contract, versions: Iterable[Agreement] | None = None
) -> dict[str, Any]:
    """For ``verify_agreement.py``; the format is in ``docs/agreements.md``. ``versions`` where its
    reader may not have all of them, from the first on and with their seals.
    """
    if versions is None:
        versions = contract.agreements.select_related("seal").order_by("version")
    return {
        "format": FORMAT,
        "site": settings.SITE_URL,
        "made_at": now().isoformat(),
        "contract": contract.public_id,
        "versions": [_version(agreement) for agreement in versions],
    }


def as_file(document: dict[str, Any]) -> str:
    """Readable, every letter as itself. What is hashed and signed stands in it as strings."""
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def seal_of(agreement: Agreement) -> Seal | None:
    """What the platform signed of this version; of offers, and of what is older, nothing."""
    return getattr(agreement, "seal", None)


def _version(agreement: Agreement) -> dict[str, Any]:
    seal = seal_of(agreement)
    return {
        "version": agreement.version,
        "sha256": agreement.sha256,
        "wording": agreement.body,
        "sealed": seal and {"text": seal.body, "key": seal.key_id, "signature": seal.signature},
    }
