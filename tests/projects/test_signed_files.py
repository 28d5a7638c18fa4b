"""Files of a posting that an agreement names: they stay, for both sides and for who decides."""

import io
import json
import zipfile

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from accounts.people.models import User
from marketplace.common.errors import WrongState
from projects.agreements.services import accept_offer, decline_offer
from projects.agreements.suspending.services import suspend_posting
from projects.contracts.models import Contract
from projects.disputes.models import Dispute
from projects.disputes.services import answer_dispute, open_dispute
from projects.evidence.selectors import bytes_of_files
from projects.postings.models import Posting, PostingFile
from projects.postings.services import add_files, remove_file
from tests.projects.confidentiality_world import accept, secret_posting
from tests.projects.evidence_world import bundled, verify
from tests.world import (
    GROUNDS,
    active_contract,
    api_of,
    browser,
    fund,
    offered_contract,
    open_posting,
    to_mediator,
)

pytestmark = pytest.mark.django_db

BRIEF = b"The measures of the lamp."


def attach(posting: Posting, client: User, name: str = "brief.txt", body: bytes = BRIEF):
    upload = SimpleUploadedFile(name, body)
    return add_files(posting_id=posting.pk, uploads=[upload], by=client)[0]


@pytest.fixture
def posting(ada) -> Posting:
    """For several, so that it stays open."""
    return open_posting(ada, awards=3)


@pytest.fixture
def brief(posting, ada) -> PostingFile:
    return attach(posting, ada)


@pytest.fixture
def contract(posting, brief, ada, ben) -> Contract:
    return active_contract(ada, ben, posting=posting)


def suspended(posting: Posting, mona: User) -> None:
    suspend_posting(**GROUNDS, posting_id=posting.pk, reason="It is a lottery.", by=mona)


def doors(contract: Contract, file: PostingFile) -> list[str]:
    path = f"contracts/{contract.public_id}/files/{file.stored.public_id}/"
    return [f"/{path}", f"/api/v1/{path}"]


def fetched(person: User, path: str) -> bytes | int:
    answer = (api_of(person) if "/api/" in path else browser(person)).get(path)
    return b"".join(answer) if answer.status_code == 200 else answer.status_code


# --- It stays ------------------------------------------------------------------------------------


def test_what_both_have_signed_is_not_taken_away(posting, brief, contract, ada):
    assert Posting.objects.get(pk=posting.pk).status == "open"
    path = f"/api/v1/postings/{posting.public_id}/files/{brief.stored.public_id}/"
    refused = api_of(ada).delete(path)

    assert refused.status_code == 409
    assert "it stays for good" in refused.json()["error"]["message"]
    with pytest.raises(WrongState, match="was signed names this file"):
        remove_file(posting_id=posting.pk, file_public_id=brief.stored.public_id, by=ada)
    assert posting.files.get() == brief


def test_what_came_after_the_signatures_can_go_again(posting, contract, ada):
    later = attach(posting, ada, "more.txt", b"More.")
    remove_file(posting_id=posting.pk, file_public_id=later.stored.public_id, by=ada)
    assert not posting.files.filter(pk=later.pk).exists()


def test_what_was_only_offered_can_go_again(posting, brief, ada, ben):
    contract = offered_contract(ada, ben, posting=posting)
    decline_offer(contract_id=contract.pk, reason="timing", by=ben)
    remove_file(posting_id=posting.pk, file_public_id=brief.stored.public_id, by=ada)
    assert not posting.files.exists()


# --- Both sides have it --------------------------------------------------------------------------


@pytest.mark.parametrize("is_suspended", [False, True])
def test_both_sides_fetch_it_whatever_becomes_of_the_posting(
    posting, brief, contract, ada, ben, cleo, dora, mona, is_suspended
):
    if is_suspended:
        suspended(posting, mona)
        gone = f"/postings/{posting.public_id}/files/{brief.stored.public_id}/"
        assert fetched(ben, gone) == 404

    for path in doors(contract, brief):
        assert [fetched(person, path) for person in (ada, ben)] == [BRIEF] * 2
        assert [fetched(person, path) for person in (cleo, dora)] == [404] * 2
    page = browser(ben).get(f"/contracts/{contract.public_id}/").content.decode()
    assert doors(contract, brief)[0] in page
    (said,) = api_of(ben).get(f"/api/v1/contracts/{contract.public_id}/").json()["posting_files"]
    assert (said["name"], said["sha256"]) == ("brief.txt", brief.stored.sha256)
    assert said["url"].endswith(doors(contract, brief)[1])


def test_it_has_no_file_that_was_not_signed(posting, contract, ada, ben):
    later = attach(posting, ada, "more.txt", b"More.")
    again = attach(posting, ada, "brief2.txt", BRIEF)
    for file in (later, again):
        assert [fetched(ben, path) for path in doors(contract, file)] == [404] * 2


def test_the_others_of_the_posting_have_their_own_contract_alone(posting, brief, ada, ben, cleo):
    first = active_contract(ada, ben, posting=posting)
    second = active_contract(ada, cleo, posting=posting)
    for path in doors(first, brief):
        assert fetched(cleo, path) == 404
    for path in doors(second, brief):
        assert (fetched(cleo, path), fetched(ben, path)) == (BRIEF, 404)


def test_an_offer_opens_nothing_before_it_is_signed(ada, ben):
    posting = secret_posting(ada)
    accept(posting, ben)
    contract = offered_contract(ada, ben, posting=posting)
    file = posting.files.get()
    paths = doors(contract, file)
    assert [fetched(ben, path) for path in paths] == [404] * 2
    whole = api_of(ben).get(f"/api/v1/contracts/{contract.public_id}/").json()
    assert whole["posting_files"] == []

    accept_offer(contract_id=contract.pk, by=ben)
    assert [fetched(ben, path) for path in paths] == [b"A drawing of the moonstone."] * 2


# --- And who decides -----------------------------------------------------------------------------


@pytest.fixture
def dispute(contract, ada, ben) -> Dispute:
    milestone = fund(contract.milestones.get())
    dispute = open_dispute(
        milestone_id=milestone.pk, by=ada, reason="late", statement="Late.", asked_for=0
    )
    answer_dispute(dispute_id=dispute.pk, by=ben, statement="It is not.")
    to_mediator(dispute, ada, ben)
    return dispute


def test_who_decides_fetches_it_too(posting, brief, dispute, ada, cleo, dora, mona):
    suspended(posting, mona)
    later = f"/desk/disputes/{dispute.public_id}/files/"
    paths = [f"{later}{brief.stored.public_id}/", f"/api/v1{later}{brief.stored.public_id}/"]
    for path in paths:
        assert fetched(dora, path) == BRIEF
        assert fetched(ada, path) != BRIEF and fetched(cleo, path) != BRIEF
    assert paths[0] in browser(dora).get(f"/desk/disputes/{dispute.public_id}/").content.decode()
    said = api_of(dora).get(f"/api/v1/desk/disputes/{dispute.public_id}/agreement/").json()
    assert said["posting_files"][0]["url"].endswith(paths[1])


def test_it_is_in_the_evidence(brief, dispute, tmp_path):
    archive = bundled(dispute)
    with zipfile.ZipFile(io.BytesIO(archive)) as found:
        record = json.loads(found.read("record.json"))
        (file,) = record["files_of_the_posting"]
        assert (file["name"], file["sha256"]) == ("brief.txt", brief.stored.sha256)
        assert found.read(file["path"]) == BRIEF
        assert brief.stored.sha256 in found.read("index.html").decode()
    assert verify(tmp_path, archive)[0] == 0
    assert bytes_of_files(dispute, with_messages=False) == len(BRIEF)
