"""A calendar of one's deadlines: the page that makes its address, and what is behind that."""

from datetime import timedelta

from allauth.account.decorators import reauthentication_required
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from icalendar import Calendar, Event

from accounts.access.calendar.models import CalendarFeed
from accounts.access.calendar.services import make_feed, reader_of, revoke_feed
from accounts.people.models import User
from accounts.people.selectors import signed_in
from marketplace.common.clock import now
from projects.agreements.deadlines.selectors import Deadline, address_of, deadlines_of

# How often a calendar should come again.
EVERY = timedelta(hours=1)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@reauthentication_required(enabled=lambda request: request.method == "POST")
def show_calendar(request: HttpRequest) -> HttpResponse:
    """The deadlines; a POST makes an address and shows it this once, on the answer itself."""
    person = signed_in(request.user)
    address = address_of(make_feed(by=person)) if request.method == "POST" else ""
    context = {
        "address": address,
        "feed": CalendarFeed.objects.filter(user=person).first(),
        "deadlines": deadlines_of(person)[:20],
    }
    return render(request, "accounts/calendar.html", context, status=201 if address else 200)


@require_POST
def create_revocation(request: HttpRequest) -> HttpResponse:
    revoke_feed(by=signed_in(request.user))
    messages.success(request, "The address opens nothing any more.")
    return redirect("calendar")


@login_not_required
@never_cache
@require_safe
def show_feed(request: HttpRequest, secret: str) -> HttpResponse:
    """For the program that keeps the calendar: it knows the secret, and logs in nowhere."""
    reader = reader_of(secret)
    if reader is None:
        raise Http404
    response = HttpResponse(calendar_of(reader).to_ical(), content_type="text/calendar")
    response["Content-Disposition"] = 'inline; filename="milepost.ics"'
    response["X-Robots-Tag"] = "noindex"
    return response


def calendar_of(user: User) -> Calendar:
    """Each deadline as an event of no length, which is one without an end, in UTC: calendars show
    it in their reader's zone.
    """
    calendar = Calendar()
    calendar.add("prodid", "-//Milepost//Deadlines//EN")
    calendar.add("version", "2.0")
    calendar.add("x-wr-calname", "Milepost")
    calendar.add("refresh-interval", EVERY, parameters={"VALUE": "DURATION"})
    for deadline in deadlines_of(user):
        calendar.add_component(_event(deadline))
    return calendar


def _event(deadline: Deadline) -> Event:
    event = Event()
    event.add("uid", f"{deadline.key}@milepost")
    event.add("dtstamp", now())
    event.add("dtstart", deadline.at)
    event.add("summary", deadline.title)
    event.add("description", deadline.text)
    event.add("url", f"{settings.SITE_URL}{deadline.path}")
    event.add("transp", "TRANSPARENT")
    return event


ROUTES = [
    path("account/calendar/", show_calendar, name="calendar"),
    path("account/calendar/revocation/", create_revocation, name="calendar-revocation"),
    path("calendar/<str:secret>.ics", show_feed, name="calendar-feed"),
]
