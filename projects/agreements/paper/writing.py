"""An agreement on paper: the same words as on its page, for people who file things."""

import json
from datetime import datetime
from typing import Any

from django.conf import settings

from marketplace.common.clock import said
from marketplace.common.money import in_words
from payments.policies.fees import fee_on_part, quote
from payments.policies.words import percent
from projects.agreements.paper.sheet import Sheet
from projects.agreements.paper.typeface import MISSING, readable
from projects.agreements.sealing.document import seal_of
from projects.agreements.words import rules_of
from projects.contracts.models import Agreement


def paper_of(agreement: Agreement) -> bytes:
    """This version as PDF. Letters that the typeface lacks stand as boxes, and it says so."""
    wording, contract = json.loads(agreement.body), agreement.contract
    # Whatever is set: names that changed since, too.
    names = [getattr(contract, side).name for side in ("client", "freelancer")]
    names += [
        person.name for person in (agreement.client_signer, agreement.freelancer_signer) if person
    ]
    everything = "".join([json.dumps(wording, ensure_ascii=False), _PHRASES, *names])
    sheet = Sheet(
        title=f"Agreement: {contract.title}",
        foot=f"{contract.public_id}, version {agreement.version}, SHA-256 {agreement.sha256[:16]}…",
        text=everything,
        made_at=agreement.created_at,
    )
    sheet.heading("Agreement", 20)
    sheet.paragraph(wording["posting"]["title"], is_bold=True)
    _parties(sheet, agreement, wording)
    _milestones(sheet, agreement, wording)
    _end(sheet, wording)
    _scope(sheet, wording)
    sheet.heading("The rules")
    sheet.points(rules_of(wording))
    _signatures(sheet, agreement, wording)
    _proof(sheet, agreement)
    if MISSING in readable(everything):
        sheet.paragraph(
            f"Letters that the typeface of this paper does not have stand as {MISSING}. What was "
            "signed has all of them: the wording, as JSON, is what counts.",
            is_small=True,
        )
    return bytes(sheet.output())


def name_of_paper(agreement: Agreement) -> str:
    """As it is saved."""
    return f"agreement-{agreement.contract.public_id}-v{agreement.version}.pdf"


# Of our own words: what amounts and marks need beyond the usual letters.
_PHRASES = "•…“”’–€$£¥₩₹₽₺₴₫₱₪₦₵₡₲₸₼₾฿"


def _parties(sheet: Sheet, agreement: Agreement, wording: dict[str, Any]) -> None:
    is_signed = agreement.signed_by_freelancer_at is not None
    state = "accepted by both" if is_signed else "an offer, not accepted yet"
    facts = [
        ("Client", f"{wording['client']['name']}\n{wording['client']['id']}"),
        ("Freelancer", f"{wording['freelancer']['name']}\n{wording['freelancer']['id']}"),
        ("Contract", wording["contract"]),
        ("Offered", said(datetime.fromisoformat(wording["offered_at"]))),
        ("Version", f"{agreement.version}, {state}"),
        ("Policy", f"version {wording['policy']['version']}"),
    ]
    if "amends" in wording:
        facts.append(("Changes version", f"{wording['amends']['version']}"))
    sheet.facts(facts)


def _milestones(sheet: Sheet, agreement: Agreement, wording: dict[str, Any]) -> None:
    currency, policy = wording["currency"], agreement.contract.policy
    parts = wording["milestones"]
    rows = [["", "Milestone", "Due", "Amount", "Client pays", "Freelancer gets"]]
    for place, part in enumerate(parts, start=1):
        said_of = quote([part["amount"]], policy)
        amounts = (said_of.price, said_of.client_pays, said_of.freelancer_gets)
        words = [in_words(amount, currency) for amount in amounts]
        rows.append([f"{place}", part["title"], _due(part), *words])
    total = quote([part["amount"] for part in parts], policy)
    amounts = (total.price, total.client_pays, total.freelancer_gets)
    rows.append(["", "In all", "", *(in_words(amount, currency) for amount in amounts)])
    sheet.heading("Milestones")
    sheet.columns(
        rows, widths=(5, 35, 20, 20, 20, 22), aligns="LLLRRR", has_head=True, has_sum=True
    )
    fees = [percent(wording["policy"][f"{side}_fee_basis_points"]) for side in _SIDES]
    sheet.paragraph(
        f"Fees: {fees[0]} on top for the client, {fees[1]} off for the freelancer, on released "
        "money only.",
        is_small=True,
    )
    for place, part in enumerate(parts, start=1):
        if part["criteria"]:
            sheet.paragraph(f"{place}. {part['title']}: done when", is_bold=True)
            sheet.points(part["criteria"])
        if "revisions" in part:
            sheet.paragraph(f"{place}. {part['title']}: {part['revisions']} revisions included")


_SIDES = ("client", "freelancer")


def _end(sheet: Sheet, wording: dict[str, Any]) -> None:
    """What both have signed of each milestone that ends; nothing where the contract goes on."""
    ends = {one["position"]: one["end"] for one in wording.get("changes", []) if "end" in one}
    if not ends:
        return
    rows = [["", "Milestone", "Held", "To the freelancer", "Back to the client"]]
    points = wording["policy"]["client_fee_basis_points"]
    totals = [0, 0, 0]
    for place, part in enumerate(wording["milestones"], start=1):
        if (end := ends.get(part["position"])) is None:
            continue
        held, paid = end["held"], end["to_freelancer"]
        back = held - paid - fee_on_part(end.get("released", 0), paid, points)
        totals = [total + more for total, more in zip(totals, (held, paid, back), strict=True)]
        amounts = [in_words(amount, wording["currency"]) for amount in (held, paid, back)]
        rows.append([f"{place}", part["title"], *amounts])
    rows.append(["", "In all", *(in_words(total, wording["currency"]) for total in totals)])
    sheet.heading("How it ends")
    sheet.paragraph(
        "With this version the contract ends. Of what is held for each milestone, this part of its "
        "price is released, less the freelancer's fee, and the rest goes back."
    )
    sheet.columns(rows, widths=(5, 45, 24, 26, 26), aligns="LLRRR", has_head=True, has_sum=True)


def _due(part: dict[str, Any]) -> str:
    if "due_at" in part:
        return said(datetime.fromisoformat(part["due_at"]))
    days = part["days"]
    return f"{days} day{'' if days == 1 else 's'} after acceptance"


def _scope(sheet: Sheet, wording: dict[str, Any]) -> None:
    posting = wording["posting"]
    sheet.heading("What is wanted")
    sheet.paragraph(posting["description"] or "Nothing beyond the title was written.")
    if "details" in posting:
        sheet.paragraph(posting["details"])
    _files(sheet, posting["files"])
    sheet.heading("What was offered")
    sheet.paragraph(wording["bid"]["letter"])
    _files(sheet, wording["bid"].get("files", []))


def _files(sheet: Sheet, files: list[dict[str, Any]]) -> None:
    for file in files:
        sheet.paragraph(f"{file['name']}, {file['size']} bytes, SHA-256 {file['sha256']}")


def _signatures(sheet: Sheet, agreement: Agreement, wording: dict[str, Any]) -> None:
    sheet.heading("Signatures")
    rows = []
    for side in _SIDES:
        moment = getattr(agreement, f"signed_by_{side}_at")
        person = getattr(agreement, f"{side}_signer")
        how = getattr(agreement, f"{side}_confirmed_with")
        words = said(moment) if moment else "not signed"
        if moment and person:
            words += f"\nby {person.name}" + (f", confirmed with their {how}" if how else "")
        rows.append((f"{wording[side]['name']}, {side}", words))
    sheet.facts(rows)


def _proof(sheet: Sheet, agreement: Agreement) -> None:
    sheet.heading("Fingerprint")
    sheet.paragraph("The SHA-256 of the wording as both have accepted it:", is_small=True)
    sheet.hexadecimal(agreement.sha256)
    seal = seal_of(agreement)
    if seal is None:
        sheet.paragraph("The platform has not signed this version.", is_small=True)
        return
    sheet.paragraph(
        f"The platform has signed it, with both acceptances, on {said(seal.created_at)}: Ed25519, "
        f"key {seal.key_id}.",
        is_small=True,
    )
    sheet.hexadecimal(seal.signature)
    sheet.paragraph(
        "This paper is for reading. To prove the agreement offline, download it signed from its "
        f"page, and from {settings.SITE_URL} signing-keys.json and verify_agreement.py; then: "
        "python verify_agreement.py signed-agreement.json signing-keys.json",
        is_small=True,
    )
