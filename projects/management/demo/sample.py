"""Sample people and postings, made up for the demo. Amounts are whole units of the currency."""

from dataclasses import dataclass, field

PASSWORD = "walk-the-road"


@dataclass(frozen=True)
class SamplePerson:
    name: str
    email: str
    headline: str = ""
    skills: tuple[str, ...] = ()
    rate: int | None = None
    country: str = ""
    time_zone: str = "UTC"
    about: str = ""


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
    bids: tuple[tuple[str, int, int], ...] = field(default=())
    # Whose bid became a contract: fewer than there are awards, so that it stays open.
    hired: tuple[str, ...] = field(default=())
    # Who asked what, and the answer; without one it waits.
    questions: tuple[tuple[str, str, str], ...] = field(default=())
    # Who is asked to bid, with the note, and why not; with a reason they have declined.
    invited: tuple[tuple[str, str, str], ...] = field(default=())


ADA = SamplePerson(
    "Ada Lindqvist",
    "ada@milepost.example",
    headline="Runs a mail-order seed shop with eleven people",
    country="SE",
    time_zone="Europe/Stockholm",
    about="We sell heirloom vegetable seeds and would rather grow them than write software.",
)
BEN = SamplePerson(
    "Ben Okafor",
    "ben@milepost.example",
    headline="Web developer for small shops: fast, accessible, no surprises",
    skills=("Django", "PostgreSQL", "htmx", "Accessibility", "Stripe"),
    rate=65,
    country="IE",
    time_zone="Europe/Dublin",
    about=(
        "Twelve years of shop software, nine of them from a garden office near Cork.\n\n"
        "**How I work**: a written plan first, something you can click every week, and tests "
        "for whatever handles money."
    ),
)
CLEO = SamplePerson(
    "Cleo Marchetti",
    "cleo@milepost.example",
    headline="Illustrator and brand designer",
    skills=("Illustration", "Branding", "Figma"),
    rate=55,
    country="IT",
    time_zone="Europe/Rome",
)
DORA = SamplePerson("Dora Stein", "dora@milepost.example", headline="Milepost staff")

NEIGHBOURS = (
    SamplePerson(
        "Farid Haidari",
        "farid@milepost.example",
        headline="Bookkeeping and spreadsheets that explain themselves",
        skills=("Bookkeeping", "Excel", "Data entry"),
        rate=38,
        country="DE",
        time_zone="Europe/Berlin",
    ),
    SamplePerson(
        "Grace Tan",
        "grace@milepost.example",
        headline="Data engineer, two-person studio",
        skills=("Python", "PostgreSQL", "Data pipelines", "Django"),
        rate=80,
        country="SG",
        time_zone="Asia/Singapore",
    ),
    SamplePerson(
        "Hugo Brandão",
        "hugo@milepost.example",
        headline="Owner of a chain of three bicycle workshops",
        country="PT",
        time_zone="Europe/Lisbon",
    ),
    SamplePerson(
        "Ines Kovač",
        "ines@milepost.example",
        headline="Translator: Croatian, German, English",
        skills=("Translation", "German", "Copywriting"),
        rate=42,
        country="HR",
        time_zone="Europe/Zagreb",
    ),
    SamplePerson(
        "Kofi Mensah",
        "kofi@milepost.example",
        headline="Ink, brush and two colours: botanical illustration",
        skills=("Illustration", "Print"),
        rate=48,
        country="GH",
        time_zone="Africa/Accra",
    ),
    SamplePerson(
        "Marit Vik",
        "marit@refused.example",  # what becomes of mails that nobody takes can be seen of her
        headline="Illustrator for seed and garden houses",
        skills=("Illustration", "Branding", "Print"),
        rate=60,
        country="NO",
        time_zone="Europe/Oslo",
    ),
    SamplePerson(
        "Jonah Whitfield",
        "jonah@milepost.example",
        headline="Publishes a weekly on regional food",
        country="GB",
        time_zone="Europe/London",
    ),
)

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

# What Hugo and Ben say about the booking calendar, before and after they sign.
TALK_BEFORE = (
    ("hugo", "Your plan reads well. Does the first version already show a mechanic's day?"),
    (
        "ben",
        "Yes: one workshop, read-only, on the phone. Booking comes with the second half.\n\n"
        "Two things I would need from you:\n\n- the opening hours of all three workshops\n"
        "- how long each kind of repair takes",
    ),
    ("hugo", "The hours are the same everywhere: **Tuesday to Saturday, 9 to 17**. Times follow."),
)
TALK_AFTER = (
    ("ben", "Signed, thank you. I start as soon as the first milestone is funded."),
    ("ben", "@Hugo one question meanwhile: may a customer book two repairs in a row?"),
)
