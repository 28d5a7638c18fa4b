"""Proof that what the platform signed is what both sides accepted: what is wrong, as sentences."""

import json

from django.db.models import F

from projects.agreements.sealing.keys import is_signed, key_id_of
from projects.agreements.sealing.models import Seal
from projects.agreements.sealing.services import acceptance_of
from projects.agreements.terms import digest
from projects.contracts.models import Agreement


def what_was_sealed_is_what_both_accepted() -> list[str]:
    """The wording, its digest, both acceptances and the signature, of every sealed version."""
    seals = Seal.objects.select_related(
        "key",
        "agreement__contract__client",
        "agreement__contract__freelancer",
        "agreement__client_signer",
        "agreement__freelancer_signer",
    )
    findings = []
    for seal in seals.order_by("pk").iterator(chunk_size=1_000):
        agreement, said = seal.agreement, json.loads(seal.body)
        name = f"{agreement.contract.public_id}, version {agreement.version}"
        if digest(agreement.body) != agreement.sha256 or said["sha256"] != agreement.sha256:
            findings.append(f"{name}: the wording is not the one that was signed.")
        if [_lasting(one) for one in said["acceptances"]] != [
            _lasting(acceptance_of(agreement, role)) for role in ("client", "freelancer")
        ]:
            findings.append(f"{name}: it was accepted otherwise than was sealed.")
        if key_id_of(seal.key.public_key) != seal.key_id or not is_signed(
            seal.body, seal.signature, public_key=seal.key.public_key
        ):
            findings.append(f"{name}: the signature of the platform is none.")
    return findings


def what_both_accepted_is_sealed() -> list[str]:
    """Where it is known who accepted last: older wordings have no seal."""
    unsealed = Agreement.objects.filter(seal=None, freelancer_signer__isnull=False)
    return [
        f"{name}, version {version}: both have accepted, and it is not sealed."
        for name, version in unsealed.annotate(name=F("contract__public_id"))
        .order_by("pk")
        .values_list("name", "version")
    ]


def _lasting(acceptance: dict) -> dict:
    """Without the names, which people may change."""
    by = acceptance["by"]
    return acceptance | {"party": acceptance["party"]["id"], "by": by and by["id"]}


CHECKS = [what_was_sealed_is_what_both_accepted, what_both_accepted_is_sealed]
