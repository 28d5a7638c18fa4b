from datetime import datetime

import pytest
import requests
import stripe

from tests.stripe_sandbox.play import DAY, Play

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


def test_a_requirement_with_a_deadline_restricts_nothing_before_it(play: Play):
    id = play.freelancer()
    play.control(f"/accounts/{id}/restrict", {"in_seconds": 3 * DAY})

    account = retrieve(play, id)
    deadline = account.requirements.summary.minimum_deadline
    assert (status_of(account), deadline.status) == ("active", "currently_due")
    assert account.requirements.entries[0].minimum_deadline.status == "currently_due"
    play.advance(3 * DAY - 60)
    assert datetime.fromisoformat(deadline.time).timestamp() == play.control("/clock")["now"] + 60
    assert status_of(retrieve(play, id)) == "active"

    play.advance(60)

    account = retrieve(play, id)
    assert status_of(account) == "restricted"
    assert account.requirements.summary.minimum_deadline.status == "past_due"
    play.funded()
    with pytest.raises(stripe.InvalidRequestError):
        play.stripe.v1.transfers.create({"amount": 1, "currency": "usd", "destination": id})


@pytest.mark.parametrize("then", ["restored", "asked later", "closed"])
def test_a_deadline_that_was_met_or_moved_restricts_nothing(play: Play, then):
    id = play.freelancer()
    play.control(f"/accounts/{id}/restrict", {"in_seconds": DAY})
    if then == "restored":
        play.control(f"/accounts/{id}/restore", {})
    elif then == "asked later":
        play.control(f"/accounts/{id}/restrict", {"in_seconds": 9 * DAY})
    else:
        play.stripe.v2.core.accounts.close(id)

    play.advance(2 * DAY)

    assert status_of(retrieve(play, id)) == "active"


def test_a_capability_is_pending_while_stripe_looks_at_it(play: Play):
    id = play.account().id
    play.onboard(id, "000888888888")
    play.funded()

    account = retrieve(play, id)
    assert status_of(account) == "pending"
    assert account.requirements.entries[0].awaiting_action_from == "stripe"
    wish = {"amount": 1_000, "currency": "usd", "destination": id}
    with pytest.raises(stripe.InvalidRequestError) as refused:
        play.stripe.v1.transfers.create(wish)
    assert refused.value.code == "insufficient_capabilities_for_transfer"

    play.advance(5)

    assert status_of(retrieve(play, id)) == "active"
    assert play.stripe.v1.transfers.create(wish).amount == 1_000
    play.control(f"/accounts/{id}/review", {})
    assert status_of(retrieve(play, id)) == "pending"


def test_accounts_are_listed_by_their_configurations(play: Play):
    accounts = play.stripe.v2.core.accounts
    plain = accounts.create({"contact_email": "ada@example.com"}).id
    made = [play.account().id for _ in range(3)]

    page = accounts.list({"applied_configurations": ["recipient"], "limit": 2})

    assert [one.id for one in page.auto_paging_iter()] == made[::-1]
    assert plain in [one.id for one in accounts.list()]
    assert accounts.list({"applied_configurations": ["recipient", "merchant"]}).data == []
    with pytest.raises(stripe.InvalidRequestError, match="colour"):
        accounts.list({"applied_configurations": ["colour"]})


def test_who_closes_an_account_names_all_its_configurations_or_none(play: Play):
    accounts = play.stripe.v2.core.accounts
    id = play.account().id

    with pytest.raises(stripe.InvalidRequestError, match="All configurations"):
        accounts.close(id, {"applied_configurations": []})

    assert accounts.close(id, {"applied_configurations": ["recipient"]}).closed is True


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
