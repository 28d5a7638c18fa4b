"""Mails that fail, for programs of the staff."""

from typing import Any

from django.db.models import QuerySet
from django.http import Http404
from django.shortcuts import get_object_or_404
from django.urls import path
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.generics import ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.notifications.mailing import services
from accounts.notifications.mailing.selectors import STATES, failing_mails, narrowed
from accounts.notifications.models import Notification
from accounts.people.selectors import signed_in, staff_roles_of
from marketplace.common.api import idempotent


class DeskMailOut(serializers.ModelSerializer):
    """A mail that fails; what it says is its reader's alone."""

    id = serializers.CharField(source="public_id")
    reader = serializers.CharField(source="recipient.name")
    address = serializers.CharField(source="mail_to", help_text="Where it was sent last.")
    failure = serializers.CharField(
        source="mail_failure", help_text="What the mail server said last."
    )
    failed_at = serializers.DateTimeField(source="mail_failed_at", help_text="Since when it fails.")
    attempts = serializers.IntegerField(
        source="mail_attempts", help_text="Since it was last tried again by hand."
    )
    retries = serializers.IntegerField(
        source="mail_retries", help_text="How often it was tried again by hand."
    )
    next_attempt_at = serializers.DateTimeField(
        source="mail_due_at", help_text="null: it is given up."
    )

    class Meta:
        model = Notification
        fields = ["id", "reader", "address", "kind", "created_at", "failure", "failed_at",
                  "attempts", "retries", "next_attempt_at"]  # fmt: skip


class DeskMailsView(ListAPIView):
    """All that fail, the newest first."""

    serializer_class = DeskMailOut

    @extend_schema(
        parameters=[
            OpenApiParameter("state", str, enum=list(STATES)),
            OpenApiParameter(
                "words", str, description="Of a name, an address or an answer, or a public id."
            ),
        ]
    )
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return super().get(request, *args, **kwargs)

    def get_queryset(self) -> QuerySet[Notification]:
        asked = self.request.query_params
        return narrowed(
            _for_staff(self.request), state=asked.get("state", ""), words=asked.get("words", "")
        )


class MailRetryView(APIView):
    @extend_schema(request=None, responses=DeskMailOut)
    @idempotent
    def post(self, request: Request, public_id: str) -> Response:
        """Have one that was given up tried again from the beginning."""
        mail = get_object_or_404(_for_staff(request), public_id=public_id)
        mail = services.retry_mail(notification_id=mail.pk, by=signed_in(request.user))
        return Response(DeskMailOut(mail).data)


def _for_staff(request: Request) -> QuerySet[Notification]:
    if not staff_roles_of(request.user):
        raise Http404
    return failing_mails()


ROUTES = [
    path("desk/mails/", DeskMailsView.as_view(), name="api-desk-mails"),
    path("desk/mails/<str:public_id>/retry/", MailRetryView.as_view(), name="api-desk-mail-retry"),
]
