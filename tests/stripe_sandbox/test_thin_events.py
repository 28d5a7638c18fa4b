"""The thin events of accounts, held against a table of our own: also without the definitions.

The letter names the account and says nothing of it; what it leaves out is there when the event is
fetched. The shapes are those of the pinned version of the API.
"""

from datetime import datetime
from typing import Any

import pytest
import stripe

from tests.stripe_sandbox.definitions import MISSING, WHERE, Definitions
from tests.stripe_sandbox.play import Play

LETTER: dict[str, type | tuple[type, ...]] = {
    "id": str,
    "object": str,
    "type": str,
    "livemode": bool,
    "created": str,
    "context": (str, type(None)),
    "reason": (dict, type(None)),
    "related_object": dict,
}
FETCHED = LETTER | {"changes": (dict, type(None)), "snapshot_event": (str, type(None))}
RELATED = {"id": str, "type": str, "url": str}
# What each kind says beyond that once it is fetched.
KINDS: dict[str, dict[str, type]] = {
    "v2.core.account.created": {},
    "v2.core.account.updated": {},
    "v2.core.account.closed": {},
    "v2.core.account[requirements].updated": {},
    "v2.core.account[configuration.recipient].capability_status_updated": {
        "updated_capability": str
    },
}


def departs(value: dict[str, Any], shape: dict[str, Any]) -> list[str]:
    """What is missing, too much, or of another kind."""
    wrong = [f"{name} is missing" for name in shape.keys() - value.keys()]
    wrong += [f"{name} is too much" for name in value.keys() - shape.keys()]
    return wrong + [
        f"{name} is {value[name]!r}"
        for name in shape.keys() & value.keys()
        if not isinstance(value[name], shape[name])
    ]


@pytest.fixture
def lived(play: Play) -> Play:
    """An account that was made, changed, set up, restricted, restored and closed."""
    account = play.account()
    play.stripe.v2.core.accounts.update(account.id, {"display_name": "Benjamin"})
    play.control(f"/accounts/{account.id}/onboard", {"bank_number": "000123456789"})
    play.control(f"/accounts/{account.id}/restrict", {"requirement": "identity.individual.address"})
    play.control(f"/accounts/{account.id}/restore", {})
    play.stripe.v2.core.accounts.close(account.id)
    play.deliver()
    return play


def test_every_kind_is_sent_and_no_other(lived):
    assert set(lived.webhook.types) == set(KINDS)


def test_every_letter_has_its_shape_and_names_the_account_alone(lived):
    for letter in lived.webhook.letters:
        assert departs(letter.event, LETTER) == []
        assert departs(letter.event["related_object"], RELATED) == []


def test_every_fetched_event_has_its_shape(lived):
    for letter in lived.webhook.letters:
        path = f"/v2/core/events/{letter.event['id']}"
        event = lived.http.get(
            f"{lived.url}{path}", headers={"Authorization": "Bearer sk_test_sandbox"}
        ).json()
        data = KINDS[letter.type]
        assert departs(event, FETCHED | ({"data": dict} if data else {})) == []
        assert departs(event.get("data", {}), data) == []
        related = event["related_object"]
        assert (event["object"], related["type"]) == ("v2.core.event", "v2.core.account")
        assert related["url"] == f"/v2/core/accounts/{related['id']}"
        assert datetime.fromisoformat(event["created"]).tzinfo is not None
        assert {name: event[name] for name in letter.event} == letter.event


def test_events_can_be_narrowed_to_types_times_and_accounts(play: Play):
    first = play.account().id
    play.advance(60)
    second = play.account().id
    events, created = play.stripe.v2.core.events, ["v2.core.account.created"]

    def about(**wish: Any) -> list[str]:
        found = events.list({"types": created, **wish}).auto_paging_iter()
        return [one.related_object.id for one in found]

    assert about() == about(limit=1) == [second, first]
    (late,) = events.list({"types": created, "object_id": second}).data
    assert about(created={"gte": late.created}) == [second]
    assert about(created={"lt": late.created}) == [first]
    assert {one.type for one in events.list({"object_id": first})} > set(created)
    with pytest.raises(stripe.InvalidRequestError, match="timestamp"):
        about(created={"gte": "yesterday"})


def test_the_table_finds_what_departs():
    shape = {"id": str, "livemode": bool}
    assert departs({"id": "evt", "livemode": False}, shape) == []
    assert departs({"id": 1, "new": 2}, shape) == [
        "livemode is missing",
        "new is too much",
        "id is 1",
    ]


@pytest.mark.skipif(not WHERE, reason=MISSING)
def test_the_table_is_the_definitions():
    thin = Definitions(WHERE or "").thin
    for kind, data in KINDS.items():
        said = thin[kind]
        fields = set(FETCHED) | ({"data"} if data else set())
        assert set(said["properties"]) == fields, kind
        assert set(said["required"]) <= fields
