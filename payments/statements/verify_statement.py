#!/usr/bin/env python3
"""Check a Milepost statement without Milepost.

    python verify_statement.py statement.json            one statement, as JSON or CSV
    python verify_statement.py mine.json theirs.json     each, and whether they agree
    python verify_statement.py statement.json agreement.json    and whether it is what was signed

Needs Python 3.9 or newer and nothing else. It opens no connection and writes no file. Exit status:
0 everything is as it says, 1 something is wrong, 2 this is no statement that can be read.

A line's hash is the SHA-256 of its fields and of the hash before, so whoever changes a line has to
change every line behind it, and the head. Compare two statements, or their heads: one alone cannot
show that all of it was made anew. Names, titles and words ("what", "from", "to") are for reading;
they are not hashed and nothing here proves them.
"""

import csv
import hashlib
import io
import json
import re
import sys
from collections import Counter
from datetime import datetime, timedelta, timezone
from fractions import Fraction

FORMAT = "milepost-statement/1"
EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
LARGEST = 2**63 - 1
HASH = re.compile("[0-9a-f]{64}")
WHOLE = re.compile("-?[0-9]{1,19}")
HASHED = "previous book sequence key position kind source target amount currency at".split()
TERMS = "payer payee currency agreed client_fee_basis_points freelancer_fee_basis_points".split()
# A deed takes a moment from its time to its place in the book.
MOMENT = timedelta(minutes=1)
# Currencies without a smaller unit, and those with thousandths; all others have hundredths.
UNITS = "BIF CLP DJF GNF JPY KMF KRW MGA PYG RWF VND VUV XAF XOF XPF".split()
THOUSANDTHS = "BHD JOD KWD OMR TND".split()


class Unreadable(Exception):
    """Not a statement of this format."""


class Statement:
    """What one file says. ``party`` is whose lines it shows; None where it shows all of a book."""

    def __init__(self, name, of, lines, milestones, made_at, whole=None):
        self.name, self.of, self.lines, self.milestones = name, of, lines, milestones
        self.party = of if of.startswith("pa_") else None
        self.made_at = time_of(made_at)
        # What only the JSON has: books, sums, balances and which agreement was signed.
        self.is_table, self.whole = whole is None, whole or {}
        self.shown = [line for line in lines if "amount" in line]


class Agreement:
    """The wording that both sides signed, to the letter."""

    def __init__(self, name, text, wording):
        self.name, self.text, self.wording = name, text, wording


# --- Reading -------------------------------------------------------------------------------------


def read(path):
    try:
        with open(path, encoding="utf-8-sig", newline="") as file:
            text = file.read()
        return read_json(path, text) if text.lstrip().startswith("{") else read_csv(path, text)
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as fault:
        raise Unreadable(f"{path} cannot be read: {fault!r:.200}") from None


def read_json(path, text):
    said = json.loads(text, object_pairs_hook=once, parse_constant=lambda name: None)
    if "agreement" in said and "format" not in said:
        return Agreement(path, text, said)
    if said.get("format") != FORMAT:
        raise ValueError(f"the format is {said.get('format')!r:.60}, this reads {FORMAT}")
    if missing := {"books", "currencies", "lines", "milestones", "sums", "balances"} - set(said):
        raise ValueError(f"there is no {', no '.join(sorted(missing))}")
    milestones = {one["id"]: one for one in said["milestones"]}
    if len(milestones) != len(said["milestones"]):
        raise ValueError("a milestone stands there twice")
    return Statement(path, said["of"]["id"], said["lines"], milestones, said["made_at"], said)


def once(pairs):
    """A name that stands there twice would be read by some as the one, by some as the other."""
    if len(dict(pairs)) != len(pairs):
        raise ValueError(f"a name stands twice among {[name for name, _ in pairs]}")
    return dict(pairs)


def read_csv(path, text):
    table = csv.DictReader(io.StringIO(text, newline=""))
    if missing := {"statement_of", *HASHED, "hash"} - {"minor", *(table.fieldnames or [])}:
        raise ValueError(f"there is no column {', no '.join(sorted(missing))}")
    rows, lines, milestones = list(table), [], {}
    for cells in rows:
        row = {name: number(value) for name, value in cells.items() if value != ""}
        if "key" not in row:
            lines.append({name: row[name] for name in ("book", "sequence", "hash")})
            continue
        line = {name: row.get(name, "") for name in (*HASHED, "hash", "milestone")}
        line |= {"amount": row["minor"], "written": row["amount"]}
        line |= {name: row[name] for name in ("held", "available") if name in row}
        lines.append(line)
        terms = {name: row.get(name) for name in TERMS} | {"adjusted": row.get("adjusted", 0)}
        if line["milestone"] and milestones.setdefault(line["milestone"], terms) != terms:
            raise ValueError(f"the terms of {line['milestone']} change from row to row")
    of = {row["statement_of"] for row in rows}
    if len(of) > 1:
        raise ValueError("the rows are of different statements")
    made_at = rows[0]["made_at"] if rows else None
    return Statement(path, of.pop() if of else "", lines, milestones, made_at)


def number(text):
    """A cell as a number where it is one; the quote that keeps it from being a formula goes."""
    return int(text) if WHOLE.fullmatch(text) else text.removeprefix("'")


# --- What each check finds -----------------------------------------------------------------------


def check_shape(statement):
    """Every field is there and is what it has to be."""
    for line in statement.lines:
        if "amount" in line:
            problems = wrong_fields(line, statement)
        else:
            problems = wrong_if_hidden(line, statement)
        yield from (f"{place(line)}: {problem}" for problem in problems)
        if statement.party is None and line.get("book") != statement.of:
            yield f"{place(line)}: it is not in the book of {statement.of}"
    for name, terms in statement.milestones.items():
        if type(terms.setdefault("adjusted", 0)) is not int:
            yield f"{name}: by how much its price was agreed anew is no whole number"
            terms["adjusted"] = 0
        if not all(is_count(terms.get(term)) for term in TERMS[3:]):
            yield f"{name}: what is agreed, or a fee, is no whole number"
    for currency, digits in statement.whole.get("currencies", {}).items():
        if digits != exponent(currency):
            yield f"{currency} has {exponent(currency)} digits after the point, not {digits}"


def wrong_fields(line, statement):
    if not is_count(line["amount"], least=1):
        yield f"the amount is {line['amount']!r:.40}, not a whole number of units above zero"
    for name in ("book", "key", "kind", "source", "target", "currency"):
        if not isinstance(line.get(name), str) or not line[name] or "|" in line[name]:
            yield f"there is no {name}"
    for name in ("hash", "previous"):
        if not HASH.fullmatch(str(line.get(name))) and (name, line.get(name)) != ("previous", ""):
            yield f"there is no {name}"
    if not is_count(line.get("sequence"), least=1) or not is_count(line.get("position")):
        yield "it has no number in its book or in its deed"
    if time_of(line.get("at")) is None:
        yield f"{line.get('at')!r:.40} is no time"
    if line.get("source") == line.get("target"):
        yield "it moves nothing: it ends where it begins"
    if "written" in line and as_units(line["written"], line.get("currency")) != line["amount"]:
        yield f"{line['written']} {line.get('currency')} are not {line['amount']} units"
    if line.get("milestone") and line["milestone"] not in statement.milestones:
        yield f"{line['milestone']} is not among the milestones"
    yield from wrong_milestone(line, statement)


def wrong_milestone(line, statement):
    """What is held belongs to the milestone that the line is of; only a roll names two."""
    named = [
        line[end][7:] for end in ("source", "target") if str(line.get(end)).startswith("escrow:")
    ]
    if line.get("kind") == "roll":
        yield from wrong_roll(line, named, statement)
    elif any(name in statement.milestones and name != line.get("milestone") for name in named):
        yield f"it is of {' and '.join(named)}, not of {line.get('milestone') or 'no milestone'}"


def wrong_roll(line, named, statement):
    """What moves on goes from one milestone to another one of the same two sides."""
    ends = [statement.milestones.get(name) for name in named]
    if len(ends) != 2 or None in ends:
        yield "it moves on what is held, and not from one milestone to another"
    elif any(ends[0][term] != ends[1][term] for term in TERMS if term != "agreed"):
        yield f"{' and '.join(named)} are not of the same two sides, or not on the same terms"
    elif line.get("milestone") != named[1]:
        yield f"it goes to {named[1]}, not to {line.get('milestone') or 'no milestone'}"


def wrong_if_hidden(line, statement):
    if set(line) != {"book", "sequence", "hash"} or not isinstance(line["book"], str):
        yield "it is shown in part: neither with all its fields nor with its hash alone"
    elif not is_count(line["sequence"], least=1) or not HASH.fullmatch(str(line["hash"])):
        yield "it has no number or no hash"
    elif statement.party is None:
        yield "it is hidden, and the statement of a contract hides none"


def check_numbers(statement):
    """The lines of each book are numbered from 1, in order, with none missing or double."""
    last = {}
    for line in statement.lines:
        expected = last.get(line["book"], 0) + 1
        if line["sequence"] != expected:
            yield f"{place(line)} stands where line {expected} should"
        last[line["book"]] = line["sequence"]


def check_links(statement):
    """Each line names the hash of the line before it."""
    head = {}
    for line in statement.lines:
        before = head.get(line["book"], "")
        if line.get("previous", before) != before:
            yield f"{place(line)} does not follow the line that stands before it"
        head[line["book"]] = line["hash"]


def check_hashes(statement):
    """Each line's hash is the SHA-256 of what it says."""
    for line in statement.shown:
        fields = dict(line, at=(time_of(line["at"]) - EPOCH) // timedelta(microseconds=1))
        text = "|".join(str(fields[name]) for name in HASHED)
        if hashlib.sha256(text.encode()).hexdigest() != line["hash"]:
            yield f"{place(line)} is not what was booked: its hash is another"


def check_heads(statement):
    """Each book ends with the line and the hash that the statement says are its last."""
    ends = {line["book"]: (line["sequence"], line["hash"]) for line in statement.lines}
    for book in statement.whole["books"]:
        end = ends.pop(book["book"], (0, ""))
        if end != (book["lines"], book["head"]):
            yield (
                f"{book['book']} ends at line {end[0]} with {end[1][:12] or 'nothing'}, and should "
                f"at line {book['lines']} with {book['head'][:12]}"
            )
    yield from (f"{book} has lines and no head" for book in ends)


def check_balances(statement):
    """What stands after each line is what stood before and what moved, and never below zero."""
    held, available, purses = Counter(), Counter(), Counter()
    for line in statement.shown:
        currency = line["currency"]
        for account, sign in ((line["source"], -1), (line["target"], 1)):
            if counts_as_held(statement, account):
                held[currency] += sign * line["amount"]
                purses[account] += sign * line["amount"]
                if purses[account] < 0:
                    yield f"{place(line)}: {account} falls to {purses[account]}"
            if account == f"party:{statement.party}:available:{currency}":
                available[currency] += sign * line["amount"]
        expected = {"held": held[currency]}
        if statement.party:
            expected["available"] = available[currency]
        for name, amount in expected.items():
            if line.get(name) != amount:
                yield f"{place(line)}: {name} is said to be {line.get(name)}, and is {amount}"
        if available[currency] < 0:
            yield f"{place(line)}: available falls to {available[currency]}"


def check_fees(statement):
    """After each deed, both fees are due on all that is released so far, by the pinned policy."""
    for name, terms in statement.milestones.items():
        lines = [line for line in statement.shown if line.get("milestone") == name]
        for released, fees, line in released_so_far(lines):
            for side, charged in fees.items():
                if side == "client" and statement.party not in (None, terms["payer"]):
                    continue  # the payee's own statement does not show it
                due = fee(released, terms[f"{side}_fee_basis_points"])
                if charged != due:
                    yield (
                        f"{place(line)}: on {released} released of {name} the {side} was charged "
                        f"{charged} in all, and {due} are due"
                    )


def check_agreed(statement):
    """No more is released or kept for a milestone than was agreed on it, with the fee."""
    for name, terms in statement.milestones.items():
        lines = [line for line in statement.shown if line.get("milestone") == name]
        released = ([0] + [so_far for so_far, _, _ in released_so_far(lines)])[-1]
        wanted = terms["agreed"] + fee(terms["agreed"], terms["client_fee_basis_points"])
        kept = sum(moved(line, f"escrow:{name}") for line in statement.shown if is_outside(line))
        if released > terms["agreed"]:
            yield f"{name}: {released} were released and only {terms['agreed']} were agreed"
        if kept > wanted:
            yield f"{name}: {kept} were paid in and kept, and {wanted} are agreed with the fee"


def check_rolls(statement):
    """What moves on to another milestone is all that was left, and a price with its fee."""
    left = Counter()
    for number, line in enumerate(statement.shown):
        left[line["source"]] -= line["amount"]
        left[line["target"]] += line["amount"]
        if line["kind"] != "roll":
            continue
        name = line["source"][7:]
        terms = statement.milestones[name]
        if price_of(line, terms) is None:
            yield f"{place(line)}: {line['amount']} is no price of {name} with its fee"
        if statement.party in (None, terms["payer"]) and left[line["source"]]:
            yield f"{place(line)}: {left[line['source']]} stays in {name}, which has moved on"
        lines = [one for one in statement.shown[:number] if one.get("milestone") == name]
        released = ([0] + [so_far for so_far, _, _ in released_so_far(lines)])[-1]
        if released != terms["agreed"]:
            yield f"{name} has moved on with {released} released, and {terms['agreed']} are agreed"


def check_chargebacks(statement):
    """What a bank took of released money is owed by its payee as the formula says, and last."""
    if statement.party or any(line["kind"] == "roll" for line in statement.shown):
        return  # not all of it is shown, or one payment's money is in two milestones
    taken, owed, homes, is_sure = Counter(), Counter(), {}, True
    for start, end in chargebacks_in(statement.shown):
        before, deed = statement.shown[:start], statement.shown[start:end]
        more_owed = -sum(moved(line, "party:") for line in deed)
        more = more_owed - sum(moved(line, "platform:fees:") for line in deed)
        fits = []
        for name, terms in may_be_of(deed, homes, statement) if more else ():
            released = ([0] + [far for far, _, _ in released_so_far(lines_of(name, before))])[-1]
            due = owed_then(more, taken[name], owed[name], released, terms)
            if due == more_owed and 0 <= taken[name] + more <= cost(released, terms):
                fits.append(name)
        if len(fits) == 1:
            name = homes[chargeback_of(deed)] = fits[0]
            taken[name], owed[name] = taken[name] + more, owed[name] + more_owed
            held = sum(moved(line, f"escrow:{name}") for line in before + deed)
            if more > 0 and held and is_sure:
                yield f"{place(deed[-1])}: {more_owed} are owed while {held} are held of {name}"
        elif fits:
            is_sure = False  # of which milestone it was does not show: what follows depends on it
        elif more and is_sure:
            yield f"{place(deed[-1])}: of {more} released, {more_owed} owed is no formula's"


def check_sums(statement):
    """The sums at the end are those of the lines, and so is what stands there."""
    sums, counts, standing = Counter(), Counter(), {}
    for line in statement.shown:
        places = (line["source"].split(":")[0], line["target"].split(":")[0])
        sums[(line["currency"], line["kind"], *places)] += line["amount"]
        counts[(line["currency"], line["kind"], *places)] += 1
        names = ("held", "available") if statement.party else ("held",)
        standing[line["currency"]] = {name: line.get(name) for name in names}
    for said in statement.whole["sums"]:
        flow = tuple(said[name] for name in ("currency", "kind", "from", "to"))
        if (said["amount"], said["lines"]) != (sums.pop(flow, 0), counts[flow]):
            yield f"the sum of {' '.join(flow)} is not {said['amount']} in {said['lines']} lines"
    yield from (f"there is no sum of {' '.join(flow)}" for flow in sums)
    if statement.whole["balances"] != standing:
        yield f"at the end there stands {standing}, not {statement.whole['balances']}"


def check_agreement(statement, signed):
    """The prices and fees are those of the agreement, and it is the one that was signed."""
    if hashlib.sha256(signed.text.encode()).hexdigest() != statement.whole["agreement"]["sha256"]:
        yield f"{signed.name} is not the wording that was signed: its hash is another"
    agreed = Counter((one["title"], one["amount"]) for one in signed.wording["milestones"])
    agreed -= Counter((one["title"], one["agreed"]) for one in statement.milestones.values())
    yield from (f"“{title}” for {amount} was signed and is not there" for title, amount in agreed)
    for name, terms in statement.milestones.items():
        if any(terms[term] != signed.wording["policy"][term] for term in TERMS[4:]):
            yield f"{name} has other fees than those that were signed"


def compare(one, other):
    """Both statements say the same wherever both say something."""
    links = {(line["book"], line["sequence"]): line for line in one.lines}
    ends = {line["book"] for line in one.lines}
    for line in other.lines:
        mine = links.get((line["book"], line["sequence"]))
        if mine is None:
            booked_at = time_of(line.get("at")) or other.made_at
            is_newer = one.made_at and booked_at and booked_at > one.made_at - MOMENT
            is_missing = line["book"] in ends or ("at" in line and belongs(line, one, other))
            if is_missing and not is_newer:
                yield f"{place(line)} is in {other.name} and not in {one.name}, which is no older"
        elif mine["hash"] != line["hash"]:
            yield f"{place(line)} is one thing in {one.name} and another in {other.name}"
        elif "amount" in line and "amount" not in mine and belongs(line, one, other):
            yield f"{place(line)} is hidden in {one.name}, though it is of {one.party}"
    for name in one.milestones.keys() & other.milestones.keys():
        mine, theirs = one.milestones[name], other.milestones[name]
        first = agreed_first(one, name), agreed_first(other, name)
        if first[0] != first[1] or any(
            mine[term] != theirs[term] for term in TERMS[:3] + TERMS[4:]
        ):
            yield f"{name} was agreed otherwise in {one.name} than in {other.name}"


# --- Arithmetic ----------------------------------------------------------------------------------


def fee(released, basis_points):
    """Exact, and rounded half to even, as Python rounds a fraction."""
    return round(Fraction(released * basis_points, 10_000))


def price_of(line, terms):
    """The part of a price that a line moves on with its fee; None where there is none such."""
    points, agreed = terms["client_fee_basis_points"], terms["agreed"]
    price = line["amount"] * 10_000 // (10_000 + points)
    for near in range(max(1, price - 2), price + 3):
        if near + fee(agreed + near, points) - fee(agreed, points) == line["amount"]:
            return near
    return None


def agreed_first(statement, name):
    """What was agreed on a milestone before anything moved on, or another price was agreed."""
    agreed = statement.milestones[name]["agreed"] - statement.milestones[name]["adjusted"]
    for line in statement.shown:
        if line["kind"] == "roll" and f"escrow:{name}" in (line["source"], line["target"]):
            price = price_of(line, statement.milestones[line["source"][7:]]) or 0
            agreed += price if line["source"] == f"escrow:{name}" else -price
    return agreed


def released_so_far(lines):
    """After each deed on a milestone: all that is released, before fees, and both fees so far."""
    net_of_fee, fees = 0, {"freelancer": 0, "client": 0}
    for number, line in enumerate(lines):
        for side in fees:
            if line["kind"].startswith(f"{side}_fee"):
                fees[side] += moved(line, "platform:")
        net_of_fee += moved(line, "party:")
        if number + 1 == len(lines) or lines[number + 1]["key"] != line["key"]:
            yield net_of_fee + fees["freelancer"], dict(fees), line


def lines_of(name, lines):
    return [line for line in lines if line.get("milestone") == name]


def chargebacks_in(lines):
    """Where each deed of a bank begins and ends."""
    start = 0
    for end in range(1, len(lines) + 1):
        if end == len(lines) or lines[end]["key"] != lines[start]["key"]:
            if any(line["kind"].startswith("chargeback") for line in lines[start:end]):
                yield start, end
            start = end


def chargeback_of(deed):
    return deed[0]["key"].partition(":")[0]


def may_be_of(deed, homes, statement):
    """The milestones that a bank's deed may be of: the one that it or its chargeback is known to be
    of, or any.
    """
    named = {line["milestone"] for line in deed if line.get("milestone")}
    named = named or {homes.get(chargeback_of(deed))} - {None} or set(statement.milestones)
    for name, terms in statement.milestones.items():
        if terms["currency"] == deed[0]["currency"] and name in named:
            yield name, terms


def owed_then(more, taken, owed, released, terms):
    """What of ``more`` that a bank takes (below zero: brings) of released money the payee owes."""
    stays = price_covering(cost(released, terms) - taken - more, terms)
    all_owed = net(released, terms) - net(stays, terms)
    if more > 0:
        return min(more, max(0, all_owed - owed))
    return -owed if taken + more == 0 else -min(-more, max(0, owed - all_owed))


def price_covering(money, terms):
    """The least price that costs the payer so much; what is between two prices stays paid."""
    price = max(0, money * 10_000 // (10_000 + terms["client_fee_basis_points"]) - 2)
    while cost(price, terms) < money:
        price += 1
    return price


def cost(price, terms):
    return price + fee(price, terms["client_fee_basis_points"])


def net(price, terms):
    return price - fee(price, terms["freelancer_fee_basis_points"])


def moved(line, start):
    """What a line brings to the accounts whose keys begin so; below zero where it takes away."""
    return line["amount"] * (line["target"].startswith(start) - line["source"].startswith(start))


def is_outside(line):
    """Whether it is between held funds and the outside: neither to the payee nor for a fee."""
    return not any(line[end].startswith(("party:", "platform:")) for end in ("source", "target"))


def counts_as_held(statement, account):
    place, _, name = account.partition(":")
    terms = statement.milestones.get(name) if place == "escrow" else None
    return terms is not None and statement.party in (None, terms["payer"])


def belongs(line, one, other):
    """Whether a line is of the party whose statement the one is."""
    terms = {**other.milestones, **one.milestones}.get(line.get("milestone"), {})
    accounts = (line["source"], line["target"])
    return (
        any(account.startswith(f"party:{one.party}:") for account in accounts)
        or (terms.get("payer") == one.party and any(a.startswith("escrow:") for a in accounts))
        or (terms.get("payee") == one.party and line["kind"].startswith(("freelancer_fee", "roll")))
    )


def is_count(value, least=0):
    return type(value) is int and least <= value <= LARGEST


def time_of(text):
    if not re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", str(text)):
        return None
    return datetime.strptime(text, "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=timezone.utc)


def exponent(currency):
    return 0 if currency in UNITS else 3 if currency in THOUSANDTHS else 2


def as_units(written, currency):
    whole, _, fraction = str(written).partition(".")
    is_right = WHOLE.fullmatch(whole + fraction) and len(fraction) == exponent(currency)
    return int(whole + fraction) if is_right else None


def place(line):
    return f"line {line.get('sequence')} of {line.get('book')}"


# --- Saying it -----------------------------------------------------------------------------------

CHECKS = [
    check_numbers,
    check_links,
    check_hashes,
    check_balances,
    check_fees,
    check_agreed,
    check_rolls,
    check_chargebacks,
]
CHECKS_OF_JSON = [check_heads, check_sums]


def report(title, problems):
    found = list(problems)
    print(f"  {'WRONG' if found else 'ok   '}  {title}")
    for problem in found[:20]:
        print(f"         {problem}.")
    return not found


def say(fault):
    print(fault)
    return 2


def main(paths):
    files, is_right = [read(path) for path in paths], True
    statements = [one for one in files if isinstance(one, Statement)]
    for one in statements:
        print(f"{one.name}: {len(one.lines)} lines of {one.of}, {len(one.shown)} of them in full")
        if not report(check_shape.__doc__, check_shape(one)):
            return 1  # what follows counts on it
        for check in CHECKS if one.is_table else CHECKS + CHECKS_OF_JSON:
            is_right = report(check.__doc__, check(one)) and is_right
        if one.is_table:
            print(
                "  note   A table has neither heads nor sums: compare it with a statement in JSON."
            )
    for one in statements:
        for other in files:
            if isinstance(other, Agreement):
                print(f"{one.name} beside {other.name}")
                is_right = report(check_agreement.__doc__, check_agreement(one, other)) and is_right
            elif one is not other:
                print(f"{one.name} beside {other.name}")
                is_right = report(compare.__doc__, compare(one, other)) and is_right
                if len(one.lines) < len(other.lines) and one.of == other.of:
                    print(f"  note   {one.name} says less: it should be the older one.")
    print("Everything is as it says." if is_right else "Something is wrong.")
    return 0 if is_right else 1


if __name__ == "__main__":
    if len(sys.argv) < 2:
        print(__doc__)
        sys.exit(2)
    try:
        sys.exit(main(sys.argv[1:]))
    except Unreadable as fault:
        sys.exit(say(fault))
    except (ValueError, KeyError, TypeError, AttributeError) as fault:
        sys.exit(say(f"This is no whole statement: {fault!r:.200}"))
