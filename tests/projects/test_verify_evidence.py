"""The program that proves a bundle offline finds every forgery, and unpacks none of them."""

import io
import json
import re
import warnings
import zipfile
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.test import Client

from projects.agreements.sealing import verify_agreement
from projects.agreements.sealing.keys import key_id_of
from projects.agreements.sealing.selectors import published_keys
from projects.agreements.terms import canonical
from projects.evidence import verify_evidence
from tests.projects.evidence_world import bundled, contents, rich_dispute, seen, verify
from tests.world import opened_dispute

pytestmark = pytest.mark.django_db

Files = dict[str, bytes]


@pytest.fixture
def archive(ada, ben) -> bytes:
    return bundled(rich_dispute(ada, ben))


def packed(files: Files, twice: dict[str, bytes] | None = None, **how) -> bytes:
    """As somebody else would pack it."""
    target = io.BytesIO()
    with warnings.catch_warnings(), zipfile.ZipFile(target, "w", **how) as file:
        warnings.simplefilter("ignore")  # of two that have one name
        for name, data in [*files.items(), *(twice or {}).items()]:
            file.writestr(name, data)
    return target.getvalue()


def listed(files: Files) -> None:
    """Write the list anew, as it is true now."""
    files["SHA256SUMS"] = "".join(
        f"{sha256(data).hexdigest()}  {name}\n"
        for name, data in files.items()
        if name not in ("SHA256SUMS", "signature.json")
    ).encode()


def signed(files: Files, key: Ed25519PrivateKey, **changes) -> None:
    """Sign what is listed now, with a key of one's own."""
    old = json.loads(files["signature.json"])
    name = key_id_of(key.public_key().public_bytes_raw().hex())
    said = json.loads(old["text"]) | {"sha256": sha256(files["SHA256SUMS"]).hexdigest()}
    text = canonical(said | {"key": name} | changes)
    signature = key.sign(text.encode()).hex()
    files["signature.json"] = json.dumps(
        old | {"text": text, "key": name, "signature": signature}
    ).encode()


OWN = Ed25519PrivateKey.from_private_bytes(b"f" * 32)


def change(files: Files) -> None:
    files["record.json"] = files["record.json"].replace(b"Wombat", b"Wombot")


def remove(files: Files) -> None:
    del files["messages.html"]


def add(files: Files) -> None:
    files["deliveries/2/003-better.txt"] = b"As agreed."


def rename(files: Files) -> None:
    files["messages2.html"] = files.pop("messages.html")


def swap(files: Files) -> None:
    one, two = (name for name in files if name.startswith("deliveries/2/"))
    files[one], files[two] = files[two], files[one]


def text_of(files: Files, **changes) -> None:
    said = json.loads(files["signature.json"])
    said["text"] = canonical(json.loads(said["text"]) | changes)
    files["signature.json"] = json.dumps(said).encode()


def one_bit(files: Files) -> None:
    said = json.loads(files["signature.json"])
    raw = bytearray(bytes.fromhex(said["signature"]))
    raw[0] ^= 1
    said["signature"] = raw.hex()
    files["signature.json"] = json.dumps(said).encode()


FORGERIES: dict[str, tuple[Callable[[Files], object], str]] = {
    "a word": (change, "is another file than the one in the list"),
    "a file taken out": (remove, "is in the list and not in the archive"),
    "a file put in": (add, "is not in the list"),
    "a file of another name": (rename, "is not in the list"),
    "two files in each other's place": (swap, "is another file"),
    "a word, listed": (lambda f: (change(f), listed(f)), "signed was another SHA256SUMS"),
    "a file put in, listed": (lambda f: (add(f), listed(f)), "signed was another SHA256SUMS"),
    "a word, listed and in the text": (
        lambda f: (
            change(f),
            listed(f),
            text_of(f, sha256=sha256(f["SHA256SUMS"]).hexdigest()),
        ),
        "this is not the signature",
    ),
    "everything, signed by somebody else": (
        lambda f: (change(f), listed(f), signed(f, OWN)),
        "among those that are published",
    ),
    "another time": (lambda f: text_of(f, as_of="2020-01-01T00:00:00+00:00"), "another time"),
    "another dispute": (lambda f: text_of(f, dispute="dp_other"), "the record of dp_other"),
    "the whole record as a redacted copy": (lambda f: text_of(f, redacted=True), "another copy"),
    "one bit of the signature": (one_bit, "this is not the signature"),
}


@pytest.mark.parametrize("name", FORGERIES)
def test_every_forgery_is_found(archive, name, tmp_path):
    forge, words = FORGERIES[name]
    files = contents(archive)
    assert verify(tmp_path, packed(files))[0] == 0  # packed anew it is still the same record
    forge(files)

    status, said = verify(tmp_path, packed(files))

    assert status == 1 and words in said and "WRONG" in said, said


def test_a_signature_of_another_bundle_does_not_fit(archive, ada, ben, tmp_path):
    files, other = contents(archive), contents(bundled(seen(opened_dispute(ada, ben), ada)))

    status, said = verify(tmp_path, packed(files | {"signature.json": other["signature.json"]}))

    assert status == 1 and "signed was another SHA256SUMS" in said


PLACES = {
    "above": "../evil.txt",
    "in the root": "/etc/evil.txt",
    "of Windows": "..\\evil.txt",
    "on a drive": "C:evil.txt",
    "here": "./evil.txt",
    "nowhere": "deliveries//evil.txt",
    "a folder": "deliveries/",
}


@pytest.mark.parametrize("place", PLACES)
def test_a_name_that_leads_elsewhere_is_found_and_never_written(archive, place, tmp_path):
    folder = tmp_path / "deep" / "down"
    folder.mkdir(parents=True)
    files = contents(archive) | {PLACES[place]: b"evil"}
    listed(files)

    status, said = verify(folder, packed(files))

    assert status == 1 and "outside the folder" in said
    assert {path.name for path in folder.iterdir()} == {"evidence.zip", "keys.json"}
    assert not list(tmp_path.rglob("*evil*")) and not Path("/etc/evil.txt").exists()


@pytest.mark.parametrize("name", ["record.json", "RECORD.json"])
def test_two_files_of_one_name_are_found(archive, name, tmp_path):
    status, said = verify(tmp_path, packed(contents(archive), twice={name: b"{}"}))

    assert status == 1 and "stands there twice" in said


def test_a_link_is_found(archive, tmp_path):
    link = zipfile.ZipInfo("way-out")
    link.create_system, link.external_attr = 3, 0o120777 << 16
    target = io.BytesIO(archive)
    with zipfile.ZipFile(target, "a") as file:
        file.writestr(link, "/etc/passwd")

    status, said = verify(tmp_path, target.getvalue())

    assert status == 1 and "no ordinary file" in said


def test_a_bomb_is_not_set_off(archive, tmp_path):
    files = contents(archive) | {"deliveries/2/004-bomb.txt": bytes(200 * 1024 * 1024)}
    bomb = packed(files, compression=zipfile.ZIP_DEFLATED)
    assert len(bomb) < 2 * 1024 * 1024

    status, said = verify(tmp_path, bomb)

    assert status == 1 and "is compressed or locked" in said and "SHA256SUMS names" not in said


def test_a_file_that_claims_to_be_endless_is_found(archive, tmp_path):
    """Its sizes stand in the directory at the end: one gigabyte more than there is."""
    forged = bytearray(archive)
    at = forged.index(b"PK\x01\x02")
    for place in (at + 20, at + 24):
        forged[place : place + 4] = (1 << 30).to_bytes(4, "little")

    status, said = verify(tmp_path, bytes(forged))

    assert status == 1 and "they lie on each other" in said


@pytest.mark.parametrize("share", [0.1, 0.5, 0.99])
def test_a_download_that_broke_off_cannot_be_read(archive, share, tmp_path):
    status, said = verify(tmp_path, archive[: int(len(archive) * share)])

    assert status == 2 and "is not what it should be" in said


def test_what_is_no_bundle_cannot_be_read(archive, tmp_path):
    for nothing in (b"", b"PK", b"A letter.", packed({"letter.txt": b"A letter."})):
        assert verify(tmp_path, nothing)[0] == 2
    files = contents(archive)
    for name in ("SHA256SUMS", "signature.json"):
        assert verify(tmp_path, packed({k: v for k, v in files.items() if k != name}))[0] == 2
    deep = files | {"record.json": b'{"a":' * 100_000}
    assert verify(tmp_path, packed(deep))[0] != 0
    assert verify(tmp_path, archive, keys={"format": "another"})[0] == 2


def test_a_key_that_is_called_by_another_name_is_found(archive, tmp_path):
    keys = published_keys()
    keys["keys"][0]["public_key"] = OWN.public_key().public_bytes_raw().hex()

    assert verify(tmp_path, archive, keys)[0] == 1


def test_the_program_is_there_for_whoever_is_handed_a_bundle():
    answer = Client().get("/verify_evidence.py")
    assert answer.content == Path(verify_evidence.__file__).read_bytes()


def test_both_programs_have_the_same_curve():
    """Each is one file that needs no other: this keeps them from going apart."""
    parts = [
        re.search(r"# --- Ed25519.*?(?=# --- Reading)", Path(one.__file__).read_text(), re.DOTALL)
        for one in (verify_agreement, verify_evidence)
    ]

    assert parts[0] and parts[1] and parts[0][0] == parts[1][0]
