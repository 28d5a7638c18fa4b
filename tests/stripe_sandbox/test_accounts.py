import pytest
import requests
import stripe

from tests.stripe_sandbox.play import Play

INCLUDE = {"include": ["configuration.recipient", "requirements", "identity", "defaults"]}


def status_of(account) -> str:
    return account.configuration.recipient.capabilities.stripe_balance.stripe_transfers.status


def retrieve(play: Play, id: str):
    return play.stripe.v2.core.accounts.retrieve(id, INCLUDE)


def test_an_account_is_restricted_until_it_is_set_up(play: Play):
    id = play.account(identity={"country": "de"}, metadata={"party": "pa_1"}).id
    account = retrieve(play, id)
    assert status_of(account) == "restricted"
    assert len(account.requirements.entries) == 4
    assert account.defaults.currency == "eur"
    assert account.metadata.party == "pa_1"

    answer = play.onboard(id)

    assert (answer.status_code, answer.headers["Location"]) == (303, "http://platform.test/return")
    account = retrieve(play, id)
    assert status_of(account) == "active"
    assert account.requirements.entries == []
    assert account.identity.individual.surname == "Weber"


def test_only_what_is_asked_for_is_included(play: Play):
    account = play.stripe.v2.core.accounts.retrieve(play.account().id)

    assert account.configuration is None
    assert account.requirements is None
    assert account.identity is None
    assert account.contact_email == "ben@example.com"


def test_a_link_works_once(play: Play):
    link = play.link(play.account().id)
    form = {"legal_name": "Ben Weber", "country": "US", "account_number": "000123456789"}
    assert play.submit(link.url, **form).headers["Location"] == "http://platform.test/return"

    again = play.submit(link.url, **form)
    look = requests.get(link.url, allow_redirects=False, timeout=5)

    assert (again.status_code, again.headers["Location"]) == (303, "http://platform.test/refresh")
    assert (look.status_code, look.headers["Location"]) == (303, "http://platform.test/refresh")


def test_a_link_expires(play: Play):
    link = play.link(play.account().id)
    play.advance(601)

    look = requests.get(link.url, allow_redirects=False, timeout=5)

    assert look.headers["Location"] == "http://platform.test/refresh"


def test_requirements_may_stay_due(play: Play):
    id = play.account().id
    play.onboard(id, "000999999999")
    assert status_of(retrieve(play, id)) == "restricted"
    assert len(retrieve(play, id).requirements.entries) == 1

    play.onboard(id)
    assert status_of(retrieve(play, id)) == "active"


def test_an_account_may_be_restricted_later_and_restored(play: Play):
    id = play.freelancer()
    play.deliver()
    play.webhook.letters.clear()

    play.control(f"/accounts/{id}/restrict", {"requirement": "identity.individual.address"})
    assert status_of(retrieve(play, id)) == "restricted"
    assert retrieve(play, id).requirements.entries[0].description == "identity.individual.address"
    play.control(f"/accounts/{id}/restore", {})
    assert status_of(retrieve(play, id)) == "active"

    play.deliver()
    assert (
        play.webhook.types
        == [
            "v2.core.account[requirements].updated",
            "v2.core.account[configuration.recipient].capability_status_updated",
        ]
        * 2
    )


def test_an_account_can_be_set_up_without_the_page(play: Play):
    id = play.account().id

    play.control(f"/accounts/{id}/onboard", {"bank_number": "000111111116"})

    assert status_of(retrieve(play, id)) == "active"


def test_an_account_is_changed_and_closed(play: Play):
    id = play.account(metadata={"a": "1"}).id

    changed = play.stripe.v2.core.accounts.update(
        id, {"display_name": "Benjamin", "metadata": {"b": "2"}}
    )
    assert (changed.display_name, changed.metadata.to_dict()) == ("Benjamin", {"a": "1", "b": "2"})

    assert play.stripe.v2.core.accounts.close(id).closed is True
    assert play.stripe.v2.core.accounts.list({"closed": False}).data == []
    assert [one.id for one in play.stripe.v2.core.accounts.list({"closed": True}).data] == [id]
    play.deliver()
    assert play.webhook.types[-2:] == ["v2.core.account.updated", "v2.core.account.closed"]


def test_an_account_with_money_is_not_closed(play: Play):
    id = play.freelancer()
    play.funded()
    play.stripe.v1.transfers.create({"amount": 1_000, "currency": "usd", "destination": id})

    with pytest.raises(stripe.InvalidRequestError, match="balance"):
        play.stripe.v2.core.accounts.close(id)


def test_a_link_that_endive_no_longer_knows_is_refused(play: Play):
    use = {"refresh_url": "http://a.test/", "configurations": ["recipient"]}

    with pytest.raises(stripe.InvalidRequestError, match="configurations"):
        play.stripe.v2.core.account_links.create(
            {
                "account": play.account().id,
                "use_case": {"type": "account_onboarding", "account_onboarding": use},
            }
        )
