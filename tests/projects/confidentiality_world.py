"""A posting with a secret, and people who promise to keep it."""

from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile

from accounts.people.models import User
from projects.confidentiality.models import Acceptance, hash_of
from projects.confidentiality.services import accept_confidentiality, set_confidentiality
from projects.postings.models import Posting
from projects.postings.services import add_files
from tests.world import open_posting

TEXT = "Keep what you read here to yourself, for five years."
OTHER_TEXT = "Keep it to yourself for ever."
DETAILS = "The lamp is made of **moonstone**."
SECRET = "moonstone"


def secret_posting(client: User, text: str = TEXT, **fields: Any) -> Posting:
    """An open posting with confidential details and a file."""
    posting = open_posting(client, **fields)
    hide(posting, client, text=text)
    upload = SimpleUploadedFile("drawing.txt", b"A drawing of the moonstone.")
    add_files(posting_id=posting.pk, uploads=[upload], by=client)
    return posting


def hide(posting: Posting, client: User, *, text: str = TEXT, details: str = DETAILS) -> None:
    set_confidentiality(posting_id=posting.pk, text=text, details=details, by=client)


def accept(posting: Posting, person: User, text: str = TEXT) -> Acceptance:
    return accept_confidentiality(
        posting_id=posting.pk, sha256=hash_of(text), confirmed_with="password", by=person
    )
