"""The secret address under which a calendar fetches one's deadlines."""

from django.urls import path
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.access.calendar.models import CalendarFeed
from accounts.access.calendar.services import make_feed, revoke_feed
from accounts.people.selectors import signed_in
from projects.agreements.deadlines.selectors import address_of


class CalendarOut(serializers.Serializer):
    """Since when there is an address; null where there is none."""

    since = serializers.DateTimeField(allow_null=True)


class NewCalendarOut(serializers.Serializer):
    address = serializers.CharField(help_text="Shown this once: whoever knows it can read.")


class CalendarView(APIView):
    @extend_schema(responses=CalendarOut)
    def get(self, request: Request) -> Response:
        """Whether your deadlines can be fetched by a calendar."""
        feed = CalendarFeed.objects.filter(user=signed_in(request.user)).first()
        return Response({"since": feed.created_at if feed else None})

    @extend_schema(request=None, responses={201: NewCalendarOut})
    def post(self, request: Request) -> Response:
        """Make a new address; an earlier one opens nothing any more."""
        secret = make_feed(by=signed_in(request.user))
        return Response({"address": address_of(secret)}, status=status.HTTP_201_CREATED)

    @extend_schema(request=None, responses={204: None})
    def delete(self, request: Request) -> Response:
        """Close the address."""
        revoke_feed(by=signed_in(request.user))
        return Response(status=status.HTTP_204_NO_CONTENT)


ROUTES = [path("me/calendar/", CalendarView.as_view(), name="api-calendar")]
