"""The program that proves an agreement offline: it finds nothing in ours, and every forgery."""

import json
import subprocess
import sys
from copy import deepcopy
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.test import Client

from projects.agreements.changes.services import accept_change
from projects.agreements.sealing import verify_agreement
from projects.agreements.sealing.document import signed_document
from projects.agreements.sealing.keys import key_id_of
from projects.agreements.sealing.selectors import published_keys
from projects.agreements.terms import canonical, digest
from projects.contracts.models import Contract
from projects.milestones.models import Milestone
from tests.projects.change_world import another, in_days, proposed, wish
from tests.world import active_contract, api_of, offered_contract, plan_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def contract(ada, ben) -> Contract:
    """Signed, and changed twice: another price, date and criteria; one dropped and one added."""
    plan = plan_of(50_000, 70_000, criteria=["It works", "Ünïcode ✓"])
    contract = active_contract(ada, ben, plan=plan, confidentiality_years=2)
    first, second = contract.milestones.order_by("position")
    accept(contract, ben, ada, wish(first, amount=60_000, due_at=in_days(9), criteria=["It runs"]))
    accept(contract, ada, ben, another(), wish(second, drop=True))
    return contract


def accept(contract, by, other, *wishes) -> None:
    Milestone.objects.update(allowance=timedelta(days=1))
    accept_change(order_id=proposed(by, *wishes, contract=contract).pk, by=other)


def run(folder: Path, document: object, keys: object) -> tuple[int, str]:
    """As its reader runs it: alone, without our packages."""
    files = []
    for name, said in (("agreement.json", document), ("keys.json", keys)):
        files.append(folder / name)
        files[-1].write_text(said if isinstance(said, str) else json.dumps(said))
    done = subprocess.run(
        [sys.executable, "-I", verify_agreement.__file__, *map(str, files)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert not done.stderr
    return done.returncode, done.stdout


def test_nothing_is_wrong_with_what_we_hand_out(contract, ada, tmp_path):
    page = Client()
    page.force_login(ada)
    by_page = page.get(f"/contracts/{contract.public_id}/signed-agreement.json").getvalue().decode()
    keys = Client().get("/signing-keys.json").getvalue().decode()

    status, said = run(tmp_path, by_page, keys)

    assert (status, said.count("   ok"), said.count("WRONG")) == (0, 5, 0), said
    assert "Ada (client) accepted at" in said and said.count("Version") == 3
    by_api = api_of(ada).get(f"/api/v1/contracts/{contract.public_id}/signed-agreement/").json()
    ours = json.loads(by_page)
    assert {**ours, "made_at": ""} == {**by_api, "made_at": ""}
    assert api_of().get("/api/v1/policies/signing-keys/").json() == json.loads(keys)


def test_the_program_is_there_for_whoever_is_handed_an_agreement():
    answer = Client().get("/verify_agreement.py")
    assert answer.content == Path(verify_agreement.__file__).read_bytes()


def test_after_a_rotation_both_keys_prove_what_they_signed(contract, ada, ben, settings, tmp_path):
    settings.SIGNING_KEY = "0c" * 32
    first = contract.milestones.get(position=1)
    accept(contract, ben, ada, wish(first, amount=80_000))
    document = signed_document(contract)
    assert len({one["sealed"]["key"] for one in document["versions"]}) == 2
    assert run(tmp_path, document, published_keys())[0] == 0


# --- Forgeries -----------------------------------------------------------------------------------


def wording(document, number, **changes) -> None:
    """Write a version anew, with its own SHA-256: what is signed is another one."""
    one = document["versions"][number]
    one["wording"] = canonical(json.loads(one["wording"]) | changes)
    one["sha256"] = digest(one["wording"])


def text(document, number, **changes) -> None:
    seal = document["versions"][number]["sealed"]
    seal["text"] = canonical(json.loads(seal["text"]) | changes)


def sign_anew(document, number, **changes) -> None:
    """With a key of the forger's own, which nobody publishes."""
    own = Ed25519PrivateKey.from_private_bytes(b"f" * 32)
    name = key_id_of(own.public_key().public_bytes_raw().hex())
    text(document, number, key=name, **changes)
    seal = document["versions"][number]["sealed"]
    seal |= {"key": name, "signature": own.sign(seal["text"].encode()).hex()}


def swap_signatures(document) -> None:
    one, two, *_ = (it["sealed"] for it in document["versions"])
    one["signature"], two["signature"] = two["signature"], one["signature"]


def one_bit(document, place) -> None:
    seal = document["versions"][-1]["sealed"]
    raw = bytearray(bytes.fromhex(seal["signature"]))
    raw[place] ^= 1
    seal["signature"] = raw.hex()


def above_the_order(document) -> None:
    """The same signature in another form, which RFC 8032 refuses."""
    seal = document["versions"][-1]["sealed"]
    raw = bytes.fromhex(seal["signature"])
    s = int.from_bytes(raw[32:], "little") + verify_agreement.ORDER
    seal["signature"] = (raw[:32] + s.to_bytes(32, "little")).hex()


def acceptance(document, number, place, **changes) -> None:
    said = json.loads(document["versions"][number]["sealed"]["text"])
    said["acceptances"][place] |= changes
    text(document, number, acceptances=said["acceptances"])


LAST = -1
FORGERIES = {
    "a word": lambda d: d["versions"][0].update(
        wording=d["versions"][0]["wording"].replace("works", "looks nice")
    ),
    "a word with its own hash": lambda d: wording(d, LAST, title="Another"),
    "a word with its own hash and the text to it": lambda d: (
        wording(d, LAST, title="Another"),
        text(d, LAST, sha256=d["versions"][LAST]["sha256"]),
    ),
    "everything, signed by somebody else": lambda d: (
        wording(d, LAST, title="Another"),
        sign_anew(d, LAST, sha256=d["versions"][LAST]["sha256"]),
    ),
    "the fees of a later version": lambda d: wording(
        d, LAST, policy=json.loads(d["versions"][0]["wording"])["policy"] | {"version": 9}
    ),
    "a version left out": lambda d: d["versions"].pop(1),
    "the first version left out": lambda d: d["versions"].pop(0),
    "two versions in the other order": lambda d: d["versions"].reverse(),
    "a price that is no sum": lambda d: wording(d, LAST, price=1),
    "a space more": lambda d: d["versions"][0].update(
        wording=d["versions"][0]["wording"] + " ",
        sha256=digest(d["versions"][0]["wording"] + " "),
    ),
    "the signature taken off": lambda d: d["versions"][LAST].update(sealed=None),
    "an older signature taken off": lambda d: d["versions"][0].update(sealed=None),
    "two signatures changed about": swap_signatures,
    "a bit of the point": lambda d: one_bit(d, 3),
    "a bit of the number": lambda d: one_bit(d, 40),
    "a number above the order": above_the_order,
    "no signature at all": lambda d: d["versions"][0]["sealed"].update(signature=""),
    "another who accepted": lambda d: acceptance(d, 0, 1, by={"id": "us_x", "name": "Eve"}),
    "another party": lambda d: acceptance(d, 0, 1, party={"id": "pa_x", "name": "Eve"}),
    "an earlier moment": lambda d: acceptance(d, 0, 0, at="2020-01-01T00:00:00+00:00"),
    "a stronger proof": lambda d: acceptance(d, 0, 0, confirmed_with="passkey"),
    "of another contract": lambda d: d.update(contract="ct_another"),
    "the seal of another version": lambda d: d["versions"][0].update(
        sealed=deepcopy(d["versions"][1]["sealed"])
    ),
}


@pytest.mark.parametrize("name", FORGERIES)
def test_each_forgery_is_found(contract, tmp_path, name):
    document = json.loads(json.dumps(signed_document(contract)))
    FORGERIES[name](document)
    status, said = run(tmp_path, document, published_keys())
    assert status == 1 and "WRONG" in said and "is not what it says" in said, said


def test_a_key_that_somebody_put_under_our_name_is_found(contract, tmp_path):
    document, keys = signed_document(contract), published_keys()
    own = Ed25519PrivateKey.from_private_bytes(b"f" * 32)
    seal = document["versions"][0]["sealed"]
    seal["signature"] = own.sign(seal["text"].encode()).hex()
    keys["keys"][0]["public_key"] = own.public_key().public_bytes_raw().hex()
    status, said = run(tmp_path, document, keys)
    assert status == 1 and "is not the name of its key" in said


def test_an_offer_is_not_taken_for_an_agreement(ada, ben, tmp_path):
    document = signed_document(offered_contract(ada, ben))
    status, said = run(tmp_path, document, published_keys())
    assert status == 1 and "the marketplace has not signed it" in said


@pytest.mark.parametrize(
    "said",
    [
        "",
        "[]",
        "{",
        '{"format": "milepost-agreement/2"}',
        '{"format": "milepost-agreement/1", "versions": []}',
        '{"format": "milepost-agreement/1", "versions": [1]}',
        '{"format": "milepost-agreement/1", "format": "milepost-agreement/1"}',
        "[" * 100_000,
    ],
)
def test_what_cannot_be_read_is_said_in_words(tmp_path, said):
    status, words = run(tmp_path, said, published_keys())
    assert status == 2 and words.strip() and "Traceback" not in words


def test_without_its_two_files_it_says_how_it_is_used():
    done = subprocess.run(
        [sys.executable, "-I", verify_agreement.__file__],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2 and "signing-keys.json" in done.stdout


# --- The arithmetic ------------------------------------------------------------------------------


@pytest.mark.parametrize("number", range(12))
def test_its_arithmetic_agrees_with_the_library(number):
    key = Ed25519PrivateKey.from_private_bytes(bytes([number]) * 32)
    public, said = key.public_key().public_bytes_raw(), "ä" * number
    signature = key.sign(said.encode())
    assert verify_agreement.is_signed(said, signature, public)
    assert not verify_agreement.is_signed(said + " ", signature, public)
    other = Ed25519PrivateKey.from_private_bytes(bytes([number + 1]) * 32).public_key()
    assert not verify_agreement.is_signed(said, signature, other.public_bytes_raw())


def test_the_example_of_the_standard_is_right():
    """RFC 8032, section 7.1, the first of its tests: an empty message."""
    public = bytes.fromhex("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a")
    signature = bytes.fromhex(
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46"
        "bd25bf5f0595bbe24655141438e7a100b"
    )
    assert verify_agreement.is_signed("", signature, public)


@pytest.mark.parametrize("data", [b"\xff" * 32, (2).to_bytes(32, "little"), b"", b"\x01" * 31])
def test_bytes_that_name_no_point_sign_nothing(data):
    assert not verify_agreement.is_signed("x", b"\x00" * 64, data)
