"""Oneself, and other people."""

from typing import Any

from django.conf import settings
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers, status
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.access import second_factor
from accounts.access import services as access
from accounts.access.knocks import forgive_knocks
from accounts.api.limits import count_knock
from accounts.notifications.mailing.selectors import failing_mail_of
from accounts.notifications.selectors import counted, notifications_of
from accounts.parties.selectors import own_party_of
from accounts.people import services
from accounts.people.models import User
from accounts.people.selectors import public_profiles, signed_in, staff_roles_of


class PersonOut(serializers.ModelSerializer):
    """A person as everybody sees them."""

    id = serializers.CharField(source="public_id")

    class Meta:
        model = User
        fields = [
            "id",
            "name",
            "headline",
            "about",
            "skills",
            "rate",
            "rate_currency",
            "country",
            "time_zone",
            "created_at",
        ]


class MailFailingOut(serializers.Serializer):
    """Mails to your address fail, and since when; your notices are in the house all the same."""

    since = serializers.DateTimeField()
    reason = serializers.CharField(help_text="What the mail server said last.")


class MeOut(PersonOut):
    """Oneself."""

    party = serializers.SerializerMethodField()
    second_factor = serializers.SerializerMethodField()
    mail_failing = serializers.SerializerMethodField()
    unread_notifications = serializers.SerializerMethodField()
    staff_roles = serializers.SerializerMethodField()

    class Meta(PersonOut.Meta):
        fields = [
            *PersonOut.Meta.fields,
            "email",
            "language",
            "party",
            "second_factor",
            "mail_failing",
            "unread_notifications",
            "staff_roles",
        ]

    def get_party(self, user: User) -> str:
        return own_party_of(user).public_id

    def get_second_factor(self, user: User) -> bool:
        return second_factor.has_second_factor(user)

    @extend_schema_field(MailFailingOut(allow_null=True))
    def get_mail_failing(self, user: User) -> dict[str, Any] | None:
        """null as long as mails get there."""
        failing = failing_mail_of(user)
        return None if failing is None else dict(MailFailingOut(failing).data)

    def get_unread_notifications(self, user: User) -> int:
        """How many of your notices you have not read yet, of kinds that count as unread."""
        return counted(notifications_of(user)).count()

    def get_staff_roles(self, user: User) -> list[str]:
        return sorted(staff_roles_of(user))


class ProfileIn(serializers.Serializer):
    """What is left out stays as it is."""

    name = serializers.CharField(max_length=80)
    headline = serializers.CharField(max_length=120, allow_blank=True)
    about = serializers.CharField(max_length=5_000, allow_blank=True, help_text="Markdown.")
    skills = serializers.ListField(child=serializers.CharField(), max_length=100)
    rate = serializers.IntegerField(
        allow_null=True, help_text="An hour, in minor units of rate_currency; null for none."
    )
    rate_currency = serializers.CharField(allow_blank=True, max_length=3)
    country = serializers.CharField(allow_blank=True, max_length=2, help_text="ISO 3166-1 alpha-2.")
    time_zone = serializers.CharField(max_length=40, help_text="IANA, such as Europe/Berlin.")
    language = serializers.CharField(
        max_length=8,
        help_text="Of notices and mails: " + ", ".join(code for code, _ in settings.LANGUAGES),
    )


class MeView(APIView):
    @extend_schema(responses=MeOut)
    def get(self, request: Request) -> Response:
        """Who you are."""
        return Response(MeOut(request.user).data)

    @extend_schema(request=ProfileIn(partial=True), responses=MeOut)
    def patch(self, request: Request) -> Response:
        """Change your profile."""
        body = ProfileIn(data=request.data, partial=True)
        body.is_valid(raise_exception=True)
        user = signed_in(request.user)
        user = services.update_profile(user_id=user.pk, by=user, **body.validated_data)
        return Response(MeOut(user).data)


class PersonView(APIView):
    permission_classes = [AllowAny]

    @extend_schema(responses=PersonOut)
    def get(self, request: Request, public_id: str) -> Response:
        """A public profile."""
        return Response(PersonOut(get_object_or_404(public_profiles(), public_id=public_id)).data)


class SecondFactorOut(serializers.Serializer):
    """Where the second factor stands; a secret to set it up with, as long as there is none."""

    active = serializers.BooleanField()
    recovery_codes_left = serializers.IntegerField()
    secret = serializers.CharField(required=False)
    uri = serializers.CharField(required=False, help_text="For the app, usually as a QR code.")
    ticket = serializers.CharField(required=False, help_text="Send it back with the first code.")


class SecondFactorIn(serializers.Serializer):
    ticket = serializers.CharField(max_length=500)
    code = serializers.CharField(max_length=20)
    password = serializers.CharField(max_length=1_000, trim_whitespace=False)


class SecondFactorRemovalIn(serializers.Serializer):
    code = serializers.CharField(max_length=20)
    password = serializers.CharField(max_length=1_000, trim_whitespace=False)


class RecoveryCodesOut(serializers.Serializer):
    """Each opens the door once, for the day that the app is lost. Shown here only."""

    recovery_codes = serializers.ListField(child=serializers.CharField())


class SecondFactorView(APIView):
    @extend_schema(responses=SecondFactorOut)
    def get(self, request: Request) -> Response:
        """Whether you have a second factor, and if not, a secret for one."""
        user = signed_in(request.user)
        state: dict[str, bool | int | str] = {
            "active": second_factor.has_second_factor(user),
            "recovery_codes_left": len(second_factor.unused_recovery_codes(user)),
        }
        if not state["active"]:
            offer = second_factor.new_offer(user)
            state |= {"secret": offer.secret, "uri": offer.uri, "ticket": offer.ticket}
        return Response(SecondFactorOut(state).data)

    @extend_schema(request=SecondFactorIn, responses={201: RecoveryCodesOut})
    def post(self, request: Request) -> Response:
        """Set up the second factor with the first code of the app."""
        body = SecondFactorIn(data=request.data)
        body.is_valid(raise_exception=True)
        user = signed_in(request.user)
        # Who found a token must not find out the password or a code by trying.
        count_knock(request, "second-factor", email=user.email)
        recovery_codes = access.add_second_factor(user_id=user.pk, by=user, **body.validated_data)
        forgive_knocks("second-factor", email=user.email)
        return Response({"recovery_codes": recovery_codes}, status=status.HTTP_201_CREATED)

    @extend_schema(request=SecondFactorRemovalIn, responses={204: None})
    def delete(self, request: Request) -> Response:
        """Remove the second factor."""
        body = SecondFactorRemovalIn(data=request.data)
        body.is_valid(raise_exception=True)
        user = signed_in(request.user)
        count_knock(request, "second-factor", email=user.email)
        access.remove_second_factor(user_id=user.pk, by=user, **body.validated_data)
        forgive_knocks("second-factor", email=user.email)
        return Response(status=status.HTTP_204_NO_CONTENT)
