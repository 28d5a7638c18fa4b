"""Notices."""

from datetime import UTC
from typing import Any

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from django.utils import timezone, translation
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.generics import ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.notifications import services
from accounts.notifications.models import Notification
from accounts.notifications.preferences import services as preferences
from accounts.notifications.preferences.kinds import OPTIONAL, How
from accounts.notifications.preferences.models import MailPreferences
from accounts.notifications.preferences.selectors import preferences_of
from accounts.notifications.selectors import notifications_of, unread
from accounts.people.selectors import signed_in


class NotificationOut(serializers.ModelSerializer):
    """Something you were told."""

    id = serializers.CharField(source="public_id")
    text = serializers.SerializerMethodField(help_text="In your language; its times are in UTC.")
    is_counted = serializers.BooleanField(
        help_text="Whether it counts as unread until it is read: you may choose so of some kinds."
    )
    mail_called_off = serializers.SerializerMethodField(
        help_text="Why no mail of it left although nothing failed, in your language; empty where "
        "none was called off."
    )

    class Meta:
        model = Notification
        fields = [
            "id",
            "kind",
            "text",
            "path",
            "created_at",
            "read_at",
            "is_counted",
            "mailed_at",
            "mail_called_off",
        ]

    def get_mail_called_off(self, notice: Notification) -> str:
        reader = signed_in(self.context["request"].user)
        with translation.override(reader.language):
            return notice.why_no_mail

    def get_text(self, notice: Notification) -> str:
        reader = signed_in(self.context["request"].user)
        with translation.override(reader.language), timezone.override(UTC):
            return notice.text


class ReadOut(serializers.Serializer):
    read = serializers.IntegerField(help_text="How many were unread.")


class MailKindOut(serializers.Serializer):
    """A kind of notice that need not come by email, nor count as unread."""

    kind = serializers.CharField()
    words = serializers.CharField(help_text="When it is sent, in words.")
    mail = serializers.ChoiceField(How.choices, help_text="How it comes by email.")
    in_app = serializers.BooleanField(
        help_text="Whether it counts as unread; the list keeps it either way."
    )


class PreferencesOut(serializers.Serializer):
    """What comes by email and counts as unread. Kinds that are not listed always do, at once."""

    kinds = MailKindOut(many=True)
    digest_hour = serializers.IntegerField(help_text="When the mail of a day leaves: 0 to 23.")
    quiet_from = serializers.TimeField(format="%H:%M", allow_null=True)
    quiet_to = serializers.TimeField(format="%H:%M", allow_null=True)
    time_zone = serializers.CharField(help_text="Of these hours: that of your profile.")


class PreferencesIn(serializers.Serializer):
    """What is left out stays as it is."""

    mail = serializers.DictField(
        child=serializers.ChoiceField(How.choices),
        help_text="For each kind how it comes by email.",
    )
    in_app = serializers.DictField(
        child=serializers.BooleanField(),
        help_text="For each kind whether it counts as unread. What is unread of a kind that does "
        "not counts no longer.",
    )
    digest_hour = serializers.IntegerField(
        min_value=0, max_value=23, help_text="When the mail of a day leaves, in your time zone."
    )
    quiet_from = serializers.TimeField(allow_null=True, help_text="HH:MM in your time zone.")
    quiet_to = serializers.TimeField(allow_null=True, help_text="At most 12 hours later.")


class NoticesIn(serializers.Serializer):
    unread = serializers.BooleanField(default=False)


class NotificationsView(ListAPIView):
    """Your notices, newest first. How many of them are unread is said by `/me/`."""

    serializer_class = NotificationOut

    @extend_schema(
        parameters=[OpenApiParameter("unread", bool, description="Those alone that are unread.")]
    )
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return super().get(request, *args, **kwargs)

    def get_queryset(self) -> QuerySet[Notification]:
        asked = NoticesIn(data=self.request.query_params)
        asked.is_valid(raise_exception=True)
        found = notifications_of(self.request.user)
        return unread(found) if asked.validated_data["unread"] else found


class ReadView(APIView):
    @extend_schema(request=None, responses=NotificationOut)
    def post(self, request: Request, public_id: str) -> Response:
        """Mark one as read."""
        notice = get_object_or_404(notifications_of(request.user), public_id=public_id)
        notice = services.read_notification(notification_id=notice.pk, by=signed_in(request.user))
        return Response(NotificationOut(notice, context={"request": request}).data)


class ReadAllView(APIView):
    @extend_schema(request=None, responses=ReadOut)
    def post(self, request: Request) -> Response:
        """Mark everything as read."""
        return Response({"read": services.read_all_notifications(by=signed_in(request.user))})


class PreferencesView(APIView):
    @extend_schema(responses=PreferencesOut)
    def get(self, request: Request) -> Response:
        """What comes to you by email, and when not; what counts as unread."""
        return Response(_preferences_out(preferences_of(signed_in(request.user))))

    @extend_schema(request=PreferencesIn(partial=True), responses=PreferencesOut)
    def patch(self, request: Request) -> Response:
        """Choose what comes to you by email, and when not, and what counts as unread."""
        body = PreferencesIn(data=request.data, partial=True)
        body.is_valid(raise_exception=True)
        user = signed_in(request.user)
        chosen = preferences.change_preferences(user_id=user.pk, by=user, **body.validated_data)
        return Response(_preferences_out(chosen))


def _preferences_out(chosen: MailPreferences) -> dict[str, Any]:
    kinds = [
        {"kind": kind, "words": words, "mail": chosen.how(kind), "in_app": chosen.counts(kind)}
        for kind, words in OPTIONAL.items()
    ]
    out = {
        "kinds": kinds,
        "digest_hour": chosen.digest_hour,
        "quiet_from": chosen.quiet_from,
        "quiet_to": chosen.quiet_to,
        "time_zone": chosen.user.time_zone,
    }
    return PreferencesOut(out).data
