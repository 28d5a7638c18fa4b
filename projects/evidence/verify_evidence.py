#!/usr/bin/env python3
"""Check a Milepost evidence bundle without Milepost.

    python verify_evidence.py evidence-dp_….zip signing-keys.json

The first file is what the page of a dispute offers, as it was downloaded; the second holds the
keys that the marketplace publishes, best as you saved them long ago. Needs Python 3.9 or newer and
nothing else. It opens no connection, writes no file and unpacks nothing. Exit status: 0 everything
is as it says, 1 something is wrong, 2 this is nothing that can be read.

SHA256SUMS in the bundle names the SHA-256 of every file in it. The marketplace has signed (Ed25519,
RFC 8032) the SHA-256 of that list, of which dispute it is, as of when, and whether it is the
redacted copy. What no bundle can show: that nothing was added to the record since. The agreement
and the statement in it have programs of their own: verify_agreement.py and verify_statement.py.
"""

import hashlib
import json
import re
import sys
import unicodedata
import zipfile

FORMAT, KEYS_FORMAT = "milepost-evidence/1", "milepost-signing-keys/1"
SIGNATURE_FORMAT = "milepost-evidence-signature/1"
SUMS, SIGNATURE, RECORD = "SHA256SUMS", "signature.json", "record.json"
LINE = re.compile(r"([0-9a-f]{64})  (.+)")
PIECE = 1 << 20
# What is read as a whole: lists and texts, never a file that somebody sent.
LARGEST_TEXT, LARGEST_KEYS = 256 << 20, 16 << 20


class Unreadable(Exception):
    """Not a file of this format."""


# --- Ed25519, as RFC 8032 has it: slow, short and without secrets --------------------------------

P = 2**255 - 19
ORDER = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
ROOT = pow(2, (P - 1) // 4, P)  # of minus one


def add(a, b):
    """The sum of two points of the curve, each as (X, Y, Z, T)."""
    e = (a[1] - a[0]) * (b[1] - b[0]) % P
    f = (a[1] + a[0]) * (b[1] + b[0]) % P
    g, h = 2 * a[3] * b[3] * D % P, 2 * a[2] * b[2] % P
    e, f, g, h = f - e, h - g, h + g, f + e
    return e * f % P, g * h % P, f * g % P, e * h % P


def times(number, point):
    total = (0, 1, 1, 0)
    while number:
        if number & 1:
            total = add(total, point)
        point, number = add(point, point), number >> 1
    return total


def point_of(data):
    """The point of 32 bytes, or None where they name none."""
    y = int.from_bytes(data, "little")
    sign, y = y >> 255, y & (1 << 255) - 1
    square = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P:
        x = x * ROOT % P
    if y >= P or (x * x - square) % P or (not x and sign):
        return None
    x = P - x if x & 1 != sign else x
    return x, y, 1, x * y % P


def are_same(a, b):
    return not ((a[0] * b[2] - b[0] * a[2]) % P or (a[1] * b[2] - b[1] * a[2]) % P)


BASE = point_of((4 * pow(5, P - 2, P) % P).to_bytes(32, "little"))


def is_signed(text, signature, public_key):
    """Whether the owner of the key has signed exactly this text."""
    if len(signature) != 64 or len(public_key) != 32:
        return False
    key, r = point_of(public_key), point_of(signature[:32])
    s = int.from_bytes(signature[32:], "little")
    if key is None or r is None or s >= ORDER:
        return False
    said = hashlib.sha512(signature[:32] + public_key + text.encode()).digest()
    challenge = int.from_bytes(said, "little") % ORDER
    return are_same(times(s, BASE), add(r, times(challenge, key)))


# --- Reading -------------------------------------------------------------------------------------


def loads(text):
    """JSON in which no name stands twice: some would read the one, some the other."""

    def once(pairs):
        if len(dict(pairs)) != len(pairs):
            raise ValueError("a name stands twice")
        return dict(pairs)

    return json.loads(text, object_pairs_hook=once)


def formed(text, form, name):
    said = loads(text)
    if not isinstance(said, dict) or said.get("format") != form:
        raise ValueError(f"{name} is no {form}")
    return said


class Bundle:
    """The archive as it lies on the disk; ``places`` are what stands in it, as often as it does."""

    def __init__(self, file):
        self.size = file.seek(0, 2)
        self.archive = zipfile.ZipFile(file)
        self.places = self.archive.infolist()

    def text(self, name):
        if self.archive.getinfo(name).file_size > LARGEST_TEXT:
            raise ValueError(f"{name} is too large to be one of ours")
        return self.archive.read(name).decode()

    def digest(self, name):
        digest = hashlib.sha256()
        with self.archive.open(name) as file:
            while piece := file.read(PIECE):
                digest.update(piece)
        return digest.hexdigest()


# --- What each check finds -----------------------------------------------------------------------


def check_keys(bundle, keys):
    """Each published key is called by its own SHA-256."""
    for one in keys["keys"]:
        name = hashlib.sha256(bytes.fromhex(one["public_key"])).hexdigest()[:16]
        if name != one["id"] or one["algorithm"] != "Ed25519":
            yield f"{one['id']} is not the name of its key"


def check_places(bundle, keys):
    """Each file stands in the archive once, plainly, where it can be unpacked without harm."""
    seen, room = set(), 0
    for place in bundle.places:
        name = place.filename
        folded = unicodedata.normalize("NFC", name).casefold()
        if folded in seen:
            yield f"{name!r} stands there twice"
        seen.add(folded)
        parts = place.orig_filename.split("/")
        if any(part in ("", ".", "..") for part in parts) or re.search(r"[\\:\x00-\x1f]", name):
            yield f"{name!r} would be written outside the folder, or nowhere"
        elif name != place.orig_filename:
            yield f"{place.orig_filename!r} is read as {name!r}"
        if place.compress_type != zipfile.ZIP_STORED or place.flag_bits & 1:
            yield f"{name!r} is compressed or locked: ours never are"
        elif place.file_size != place.compress_size:
            yield f"{name!r} says that it is larger or smaller than it is"
        if place.external_attr >> 28 not in (0, 8):
            yield f"{name!r} is no ordinary file"
        room += place.compress_size
    if room > bundle.size:
        yield "the files say that they are larger than the archive: they lie on each other"


def check_list(bundle, keys):
    """SHA256SUMS names every file once, and each has the SHA-256 that stands there."""
    listed = sums_of(bundle)
    there = {place.filename for place in bundle.places} - {SUMS, SIGNATURE}
    for name in sorted(there - set(listed)):
        yield f"{name!r} is not in the list"
    for name, digest in listed.items():
        if name not in there:
            yield f"{name!r} is in the list and not in the archive"
        elif bundle.digest(name) != digest:
            yield f"{name!r} is another file than the one in the list"


def sums_of(bundle):
    listed = {}
    for line in bundle.text(SUMS).removesuffix("\n").split("\n"):
        found = LINE.fullmatch(line)
        if not found or found[2] in listed:
            raise ValueError(f"{SUMS} has a line that is none, or one twice: {line!r:.100}")
        listed[found[2]] = found[1]
    return listed


def check_record(bundle, keys):
    """Each file of the record is the one that was sent: it has the SHA-256 of that time."""
    record = formed(bundle.text(RECORD), FORMAT, RECORD)
    listed = sums_of(bundle)
    for file in files_in(record):
        if file["path"] is not None and listed.get(file["path"]) != file["sha256"]:
            yield f"{file['path']!r} was another file when it was sent"


def files_in(value):
    """Whatever has a path and a SHA-256, however deep it stands."""
    if isinstance(value, dict):
        if "path" in value and "sha256" in value:
            yield value
        value = list(value.values())
    if isinstance(value, list):
        for one in value:
            yield from files_in(one)


def check_signature(bundle, keys):
    """The marketplace has signed this list, of this record, with a key that it publishes."""
    signed = formed(bundle.text(SIGNATURE), SIGNATURE_FORMAT, SIGNATURE)
    said, record = loads(signed["text"]), formed(bundle.text(RECORD), FORMAT, RECORD)
    known = {one["id"]: bytes.fromhex(one["public_key"]) for one in keys["keys"]}
    if said["evidence"] != 1:
        yield "what is signed is no list of evidence"
    if said["sha256"] != bundle.digest(SUMS):
        yield f"signed was another {SUMS}"
    of = (record["dispute"]["id"], record["dispute"]["contract"])
    if (said["dispute"], said["contract"]) != of:
        yield f"signed was the record of {said['dispute']}"
    if (said["as_of"], said["redacted"]) != (record["as_of"], record["redacted"]):
        yield "signed was the record of another time, or another copy of it"
    if said["key"] != signed["key"]:
        yield f"the text names another key than {signed['key']}"
    if signed["key"] not in known:
        yield f"there is no key {signed['key']} among those that are published"
    elif not is_signed(signed["text"], bytes.fromhex(signed["signature"]), known[signed["key"]]):
        yield f"this is not the signature of {signed['key']}"


# The places first: what is not plain there is not read any further.
CHECKS = [check_list, check_record, check_signature]
UNREADABLE = (
    OSError, ValueError, KeyError, TypeError, AttributeError, IndexError, RecursionError,
    EOFError, NotImplementedError, RuntimeError, OverflowError, zipfile.BadZipFile,
)  # fmt: skip


def judged(bundle, keys):
    """What each check has found, and what is signed; where a place is wrong nothing is read."""
    found = {check: list(check(bundle, keys)) for check in (check_keys, check_places)}
    if found[check_places]:
        return found, None
    found |= {check: list(check(bundle, keys)) for check in CHECKS}
    return found, loads(loads(bundle.text(SIGNATURE))["text"])


def main(paths):
    if len(paths) != 2:
        print(__doc__)
        return 2
    try:
        with open(paths[1], encoding="utf-8-sig") as file:
            keys = formed(file.read(LARGEST_KEYS), KEYS_FORMAT, paths[1])
        with open(paths[0], "rb") as file:
            found, said = judged(Bundle(file), keys)
    except UNREADABLE as fault:
        print(f"{paths[0]}, or {paths[1]}, is not what it should be: {fault!r:.200}")
        return 2
    for check, problems in found.items():
        print(f"{'WRONG' if problems else 'ok':>5}  {check.__doc__}")
        for problem in problems:
            print(f"         {problem}")
    if any(found.values()):
        print("This bundle is not what it says.")
        return 1
    copy = "The redacted copy of the record" if said["redacted"] else "The record"
    print(f"{copy} of dispute {said['dispute']} at {said['site']}, as of {said['as_of']}.")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
