"""What every page knows of its reader: zone, party, roles."""

import pytest
from django.contrib.auth.models import AnonymousUser, Group
from django.template import RequestContext, Template
from django.test import RequestFactory
from django.utils import timezone

from accounts.parties.selectors import own_party_of
from accounts.people.models import User
from accounts.people.selectors import staff_roles_of
from accounts.people.services import grant_staff_roles, update_profile
from accounts.web.middleware import TimeZoneMiddleware
from marketplace.common.errors import NotAllowed
from marketplace.common.lifecycle import SYSTEM

pytestmark = pytest.mark.django_db


def page_for(user):
    request = RequestFactory().get("/")
    request.user = user
    return request


def test_times_are_those_of_the_reader_and_of_nobody_afterwards(ada):
    update_profile(user_id=ada.pk, by=ada, time_zone="Asia/Tokyo")
    ada.refresh_from_db()
    seen = []
    middleware = TimeZoneMiddleware(lambda _: seen.append(timezone.get_current_timezone_name()))

    middleware(page_for(ada))
    middleware(page_for(AnonymousUser()))

    assert seen == ["Asia/Tokyo", "UTC"]


def test_a_page_that_asks_nothing_costs_nothing(ada, django_assert_num_queries):
    with django_assert_num_queries(0):
        Template("{{ user }}").render(RequestContext(page_for(ada)))


def test_party_and_unread_notices_are_one_query(ada, django_assert_num_queries):
    words = Template(
        "{{ own_party.name }} {{ unread_notices }} {% if unread_notices %}!{% endif %}"
    )
    with django_assert_num_queries(1):
        assert words.render(RequestContext(page_for(ada))) == "Ada 0 "

    assert own_party_of(ada).name == "Ada"


def test_a_visitor_has_neither(django_assert_num_queries):
    words = Template("{{ own_party }} {{ unread_notices }}")
    with django_assert_num_queries(0):
        assert words.render(RequestContext(page_for(AnonymousUser()))) == "None 0"


def test_roles_are_read_once(dora, django_assert_num_queries):
    dora = User.objects.get(pk=dora.pk)
    with django_assert_num_queries(1):
        assert staff_roles_of(dora) == {"mediator", "finance"}
        assert staff_roles_of(dora) == {"mediator", "finance"}


def test_a_group_alone_makes_nobody_staff(ada):
    ada.groups.add(Group.objects.get_or_create(name="finance")[0])

    assert staff_roles_of(ada) == frozenset()


def test_a_group_that_is_no_role_is_none(dora):
    dora.groups.add(Group.objects.create(name="choir"))

    assert "choir" not in staff_roles_of(dora)


def test_a_visitor_has_no_roles():
    assert staff_roles_of(AnonymousUser()) == frozenset()


def test_only_the_house_hands_out_roles(ada, dora):
    with pytest.raises(NotAllowed):
        grant_staff_roles(user_id=ada.pk, roles={"mediator"}, by=dora)


def test_roles_are_taken_away_with_the_desk(dora):
    grant_staff_roles(user_id=dora.pk, roles=set(), by=SYSTEM)

    dora.refresh_from_db()
    assert not dora.is_staff
    assert not dora.groups.exists()
