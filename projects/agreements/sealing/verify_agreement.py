#!/usr/bin/env python3
"""Check a Milepost agreement without Milepost.

    python verify_agreement.py signed-agreement.json signing-keys.json

The first file is what the page of an agreement offers as "Signed, with its proof"; the second
holds the keys that the marketplace publishes, best as you saved them long ago. Needs Python 3.9 or
newer and nothing else. It opens no connection and writes no file. Exit status: 0 everything is as
it says, 1 something is wrong, 2 this is nothing that can be read.

Each version is a text; its SHA-256 is its name. The marketplace has signed (Ed25519, RFC 8032)
which version has which SHA-256, and who accepted it when. Whoever changes a word changes the
SHA-256, and cannot sign the other one. A later version names the SHA-256 of the one that it
changes. One thing no file can show: that there is no later version than the last one in it.
"""

import hashlib
import json
import sys
from datetime import datetime

FORMAT, KEYS_FORMAT = "milepost-agreement/1", "milepost-signing-keys/1"
# What a change of an agreement may change; everything else stays as it was first signed.
CHANGEABLE = {"milestones", "price", "amends", "changes", "changed_by"}


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


def read(path, form):
    try:
        with open(path, encoding="utf-8-sig") as file:
            said = loads(file.read())
        if not isinstance(said, dict) or said.get("format") != form:
            raise ValueError(f"this is no {form}")
        return said
    except (OSError, ValueError, RecursionError) as fault:
        raise Unreadable(f"{path} cannot be read: {fault!s:.200}") from None


def loads(text):
    """JSON in which no name stands twice: some would read the one, some the other."""

    def once(pairs):
        if len(dict(pairs)) != len(pairs):
            raise ValueError("a name stands twice")
        return dict(pairs)

    return json.loads(text, object_pairs_hook=once)


def canonical(value):
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def sha256(text):
    return hashlib.sha256(text.encode()).hexdigest()


def time_of(text):
    return datetime.fromisoformat(text)


# --- What each check finds -----------------------------------------------------------------------


def check_wordings(document, keys):
    """Each wording is the one that its SHA-256 names, in the one canonical form."""
    for number, one in enumerate(document["versions"], start=1):
        wording = loads(one["wording"])
        if one["version"] != number:
            yield f"version {one['version']} stands in the place of version {number}"
        if sha256(one["wording"]) != one["sha256"]:
            yield f"version {number}: another text has the SHA-256 {one['sha256']}"
        if canonical(wording) != one["wording"]:
            yield f"version {number}: it is not written in the canonical form"
        if wording["contract"] != document["contract"]:
            yield f"version {number}: it is of {wording['contract']}, not of {document['contract']}"
        if wording["price"] != sum(part["amount"] for part in wording["milestones"]):
            yield f"version {number}: the milestones do not sum to the price of {wording['price']}"


def check_chain(document, keys):
    """Each version changes the one before it as it says, and nothing else."""
    wordings = [loads(one["wording"]) for one in document["versions"]]
    if "amends" in wordings[0]:
        yield "the first version changes one that is not here"
    for number in range(2, len(wordings) + 1):
        before, after = wordings[number - 2 : number]
        named = {"version": number - 1, "sha256": document["versions"][number - 2]["sha256"]}
        if after.get("amends") != named:
            yield f"version {number} does not name version {number - 1} as what it changes"
        for name in sorted((set(before) | set(after)) - CHANGEABLE):
            if before.get(name) != after.get(name):
                yield f"version {number} changes {name}, which no change can"
        if changed(before["milestones"], after.get("changes", [])) != after["milestones"]:
            yield f"version {number}: its milestones are not those before it with its changes"


def changed(parts, changes):
    known = {part["position"]: dict(part) for part in parts}
    order, places = list(known), {}
    for change in changes:
        position = change["position"]
        if "add" in change:
            known[position] = {"position": position, **change["add"]}
            order.append(position)
        elif "drop" in change:
            known.pop(position, None)
            order.remove(position)
        else:
            for name in {"amount", "criteria", "due_at", "revisions"} & set(change):
                known.setdefault(position, {})[name] = change[name]["to"]
        if "place" in change:
            places[position] = change["place"]["to"]
    # What is moved stands in the place that it names, and the others follow one another as before.
    after = [position for position in order if position not in places]
    for position, place in sorted(places.items(), key=lambda moved: moved[1]):
        after.insert(place - 1, position)
    return [known[position] for position in after]


def check_acceptances(document, keys):
    """Both sides of the wording have accepted this text, and no other."""
    for one, said in sealed(document):
        name, wording = f"version {one['version']}", loads(one["wording"])
        if (said["contract"], said["version"]) != (document["contract"], one["version"]):
            yield f"{name}: signed was version {said['version']} of {said['contract']}"
        if said["sha256"] != one["sha256"]:
            yield f"{name}: signed was the SHA-256 {said['sha256']}"
        if [it["role"] for it in said["acceptances"]] != ["client", "freelancer"]:
            yield f"{name}: it was not accepted by both sides"
            continue
        for accepted in said["acceptances"]:
            role = accepted["role"]
            if accepted["party"]["id"] != wording[role]["id"]:
                yield f"{name}: {accepted['party']['id']} is not its {role}"
            if time_of(accepted["at"]) > time_of(said["sealed_at"]):
                yield f"{name}: it was signed before the {role} accepted it"
            if time_of(accepted["at"]) < time_of(wording["offered_at"]):
                yield f"{name}: the {role} accepted it before it was offered"


def check_signatures(document, keys):
    """The marketplace has signed each version, with a key that it publishes."""
    newest = document["versions"][-1]["version"]
    for one in document["versions"]:
        name, seal = f"version {one['version']}", one["sealed"]
        if seal is None:
            # What was signed before there were signatures is named by the next version.
            if one["version"] == newest or loads(one["wording"])["agreement"] != 1:
                yield f"{name}: the marketplace has not signed it"
            continue
        key = known_keys(keys).get(seal["key"])
        if loads(seal["text"])["key"] != seal["key"]:
            yield f"{name}: the text names another key than {seal['key']}"
        if key is None:
            yield f"{name}: there is no key {seal['key']} among those that are published"
        elif not is_signed(seal["text"], bytes.fromhex(seal["signature"]), key):
            yield f"{name}: this is not the signature of {seal['key']}"


def check_keys(document, keys):
    """Each published key is called by its own SHA-256."""
    for one in keys["keys"]:
        if sha256_of_bytes(one["public_key"])[:16] != one["id"] or one["algorithm"] != "Ed25519":
            yield f"{one['id']} is not the name of its key"


def sealed(document):
    """The versions that are signed, each with what was signed of it."""
    return [(one, loads(one["sealed"]["text"])) for one in document["versions"] if one["sealed"]]


def known_keys(keys):
    return {one["id"]: bytes.fromhex(one["public_key"]) for one in keys["keys"]}


def sha256_of_bytes(text):
    return hashlib.sha256(bytes.fromhex(text)).hexdigest()


CHECKS = [check_keys, check_wordings, check_chain, check_acceptances, check_signatures]


def main(paths):
    if len(paths) != 2:
        print(__doc__)
        return 2
    try:
        document, keys = read(paths[0], FORMAT), read(paths[1], KEYS_FORMAT)
        if not document["versions"]:
            raise ValueError("no version is in it")
        found = {check: list(check(document, keys)) for check in CHECKS}
        lines = [in_words(one, said) for one, said in sealed(document)]
    except Unreadable as fault:
        print(fault)
        return 2
    except (ValueError, KeyError, TypeError, AttributeError, IndexError, RecursionError) as fault:
        print(f"{paths[0]}, or {paths[1]}, has not the form that it should have: {fault!r:.200}")
        return 2
    for check, problems in found.items():
        print(f"{'WRONG' if problems else 'ok':>5}  {check.__doc__}")
        for problem in problems:
            print(f"         {problem}")
    wrong = any(found.values())
    print("This agreement is not what it says." if wrong else "\n".join(lines))
    return 1 if wrong else 0


def in_words(one, said):
    people = [
        f"{it['party']['name']} ({it['role']}) accepted at {it['at']}, "
        f"confirmed with {it['confirmed_with'] or 'nothing'}"
        for it in said["acceptances"]
    ]
    return f"Version {one['version']} of {said['contract']}, SHA-256 {one['sha256']}:\n  " + (
        "\n  ".join(people)
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
