"""Sample people, made up for the demo, and what they say. Rates are whole units of a currency."""

from dataclasses import dataclass

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
