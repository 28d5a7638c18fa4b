"""Sample postings, made up for the demo. Amounts are whole units of the currency."""

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class SamplePosting:
    client: str
    title: str
    description: str
    skills: tuple[str, ...]
    budget: tuple[int, int] | None
    currency: str = "USD"
    kind: str = "fixed"
    visibility: str = "public"
    awards: int = 1
    # What whoever wants to read on accepts, and what they read then.
    confidentiality: tuple[str, str] | None = None
    bids: tuple[tuple[str, int, int], ...] = field(default=())
    # Whose bid became a contract: fewer than there are awards, so that it stays open.
    hired: tuple[str, ...] = field(default=())
    # Who asked what, and the answer; without one it waits.
    questions: tuple[tuple[str, str, str], ...] = field(default=())
    # What everybody who bids is asked, and what each of them answers, in the same order.
    screening: tuple[dict[str, Any], ...] = field(default=())
    answers: dict[str, tuple[Any, ...]] = field(default_factory=dict)
    # Who is asked to bid, with the note, and why not; with a reason they have declined.
    invited: tuple[tuple[str, str, str], ...] = field(default=())


POSTINGS = (
    SamplePosting(
        "ada",
        "Online shop for heirloom seeds, with stock by weight",
        "Our shop still takes orders by **email and fax**. We want a small web shop.\n\n"
        "### What it must do\n"
        "- about 400 varieties, sold in grams and in packets\n"
        "- stock counted by weight, with a warning when a variety runs low\n"
        "- card payments, and an order list that the packers can print\n\n"
        "### What we have\nPhotos, texts in Swedish and English, and a spreadsheet of stock.",
        ("Django", "PostgreSQL", "Stripe", "Accessibility"),
        (4_000, 6_500),
        bids=(("ben", 5_200, 42), ("grace", 6_300, 35)),
        questions=(
            (
                "grace",
                "Is stock counted when an order is placed, or when it is packed?",
                "When it is packed: we weigh by hand, and a packet is never exactly ten grams.",
            ),
            ("kofi", "Do the photos come in one size, and may we crop them?", ""),
        ),
    ),
    SamplePosting(
        "ada",
        "Illustrations of 24 vegetables for seed packets",
        "One illustration a packet, in ink and two colours, for offset printing at 70 × 110 mm. "
        "Three samples are attached to the brief that you get on day one.",
        ("Illustration", "Branding"),
        (1_800, 2_600),
        bids=(("cleo", 2_300, 30), ("kofi", 1_950, 24), ("marit", 2_550, 40)),
        screening=(
            {"kind": "yes_no", "text": "Have you drawn for offset printing before?"},
            {
                "kind": "whole_number",
                "text": "How many illustrations can you deliver a week?",
                "unit": "illustrations",
                "least": 1,
                "most": 24,
            },
            {
                "kind": "several_choices",
                "text": "In what do you draw?",
                "choices": ["Ink on paper", "Linocut", "A tablet"],
            },
            {
                "kind": "short_text",
                "text": "Which vegetable do you draw best?",
                "is_required": False,
            },
        ),
        answers={
            "cleo": (True, 6, ["Ink on paper", "A tablet"], "Artichokes, from below"),
            "kofi": (True, 8, ["Ink on paper", "Linocut"], "Okra"),
            "marit": (False, 4, ["A tablet"], None),
        },
    ),
    SamplePosting(
        "ada",
        "Translate our growing guide from German to English",
        "62 pages, plain style, many plant names. A glossary exists and must be followed.",
        ("Translation", "German"),
        (900, 1_400),
        currency="EUR",
    ),
    SamplePosting(
        "hugo",
        "Booking calendar for three bicycle workshops",
        "Customers pick a workshop, a service and a time. Mechanics see their day on a phone. "
        "It must work on slow connections and without an app.",
        ("Django", "htmx", "Accessibility"),
        (3_000, 4_800),
        currency="EUR",
        bids=(("ben", 4_100, 35),),
    ),
    SamplePosting(
        "hugo",
        "Move nine years of repair records into one database",
        "Three spreadsheets, 41,000 rows, three spellings of every customer. We need one clean "
        "PostgreSQL database and a report of what could not be matched.",
        ("Python", "PostgreSQL", "Data pipelines"),
        (1_500, 2_500),
        currency="EUR",
        bids=(("grace", 2_200, 21),),
        confidentiality=(
            "What you read here and in the files names customers of ours. Show it to nobody, use "
            "it for your bid and for this work alone, and delete it when the work is done or goes "
            "to somebody else.",
            "The sheets are those of **Lisbon, Setúbal and Évora**. Names and telephone numbers "
            "stand in one column, bicycles by their frame numbers in another. Some 2,100 rows are "
            "of a shop that we bought in 2019 and whose owner must not be named in the report.",
        ),
    ),
    SamplePosting(
        "hugo",
        "Monthly bookkeeping for a bicycle workshop",
        "Around 180 receipts a month. We send photographs, you send a tidy ledger.",
        ("Bookkeeping", "Excel"),
        (25, 45),
        currency="EUR",
        kind="hourly",
        bids=(("farid", 900, 28),),
    ),
    SamplePosting(
        "jonah",
        "Redesign of a weekly food newsletter",
        "A calm layout that reads well in every mail client, a masthead, and templates for four "
        "kinds of article.",
        ("Figma", "Branding", "Email"),
        (1_200, 2_000),
        currency="GBP",
        bids=(("cleo", 1_650, 18),),
    ),
    SamplePosting(
        "jonah",
        "Search over 1,100 articles of a food magazine",
        "Readers search by ingredient, season and place. Typing errors are normal. The articles "
        "are in a WordPress export.",
        ("Python", "PostgreSQL", "Search"),
        None,
        currency="GBP",
    ),
    SamplePosting(
        "jonah",
        "Proof-reading of a cookery book, 240 pages",
        "British spelling, metric measures, and a second look at every quantity. Two people, half "
        "of the chapters each.",
        ("Copywriting", "Proof-reading"),
        (18, 30),
        currency="GBP",
        kind="hourly",
        awards=2,
        bids=(("ines", 840, 24), ("farid", 720, 30)),
        hired=("ines",),
    ),
    SamplePosting(
        "grace",
        "Brand and one-page site for a two-person data studio",
        "A word mark, two colours, and a page that explains what we do in four sentences.",
        ("Branding", "Figma", "CSS"),
        (1_500, 2_200),
    ),
    SamplePosting(
        "farid",
        "Spreadsheet that checks invoices against bank lines",
        "Imports two CSV files, matches by amount and reference, and lists what is left over.",
        ("Excel", "Python"),
        (400, 700),
        currency="EUR",
        bids=(("grace", 650, 7),),
    ),
    SamplePosting(
        "ines",
        "Term base and style sheet for a translation office",
        "About 3,000 terms in three languages, from four old word lists with many duplicates.",
        ("Data entry", "Translation"),
        (500, 800),
        currency="EUR",
    ),
    SamplePosting(
        "ada",
        "Stock count for a seed archive that few know of",
        "Some 900 envelopes in a cold room, counted and weighed once, with a list at the end.",
        ("Data entry",),
        (600, 900),
        visibility="unlisted",
        invited=(
            ("cleo", "You drew our seed bags so patiently: would you count, too?", ""),
            ("grace", "", "I am booked until the spring."),
        ),
        bids=(("ben", 780, 14),),
    ),
)
