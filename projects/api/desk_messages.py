"""What both sides of an open dispute have written to each other, for the desk's programs."""

from typing import Any

from django.conf import settings
from django.db.models import QuerySet
from django.http import FileResponse
from django.shortcuts import get_object_or_404
from django.urls import path, reverse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.generics import ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from marketplace.common.files import attachment
from projects.api.messages import MessageFileOut, MessageOut, MessagesPage
from projects.disputes.models import Dispute
from projects.disputes.selectors import desk_disputes, still_open
from projects.messages.models import Message
from projects.messages.selectors import files_sent_on, messages_on


class EvidenceMessageFileOut(MessageFileOut):
    @extend_schema_field(serializers.URLField)
    def get_url(self, file: Any) -> str:
        ids = [self.context["dispute"].public_id, file.stored.public_id]
        return settings.SITE_URL + reverse("api-desk-dispute-message-file", args=ids)


class EvidenceMessageOut(MessageOut):
    files = EvidenceMessageFileOut(many=True, source="files.all")


class CaseMessagesView(ListAPIView):
    """The messages of both sides while the dispute is open, the newest first."""

    serializer_class = EvidenceMessageOut
    pagination_class = MessagesPage

    def get_queryset(self) -> QuerySet[Message]:
        if getattr(self, "swagger_fake_view", False):
            return Message.objects.none()
        return messages_on(self._dispute.milestone.contract.bid)

    def get_serializer_context(self) -> dict[str, Any]:
        return {**super().get_serializer_context(), "dispute": getattr(self, "_dispute", None)}

    def list(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        self._dispute = _open_dispute(request, kwargs["public_id"])
        return super().list(request, *args, **kwargs)


class CaseMessageFileView(APIView):
    @extend_schema(responses={(200, "application/octet-stream"): OpenApiTypes.BINARY})
    def get(self, request: Request, public_id: str, file_id: str) -> FileResponse:
        """The bytes of a file of these messages, as they were sent."""
        sent = files_sent_on(_open_dispute(request, public_id).milestone.contract.bid)
        return attachment(get_object_or_404(sent, stored__public_id=file_id).stored)


def _open_dispute(request: Request, public_id: str) -> Dispute:
    return get_object_or_404(still_open(desk_disputes(request.user)), public_id=public_id)


ROUTES = [
    path(
        "desk/disputes/<str:public_id>/messages/",
        CaseMessagesView.as_view(),
        name="api-desk-dispute-messages",
    ),
    path(
        "desk/disputes/<str:public_id>/messages/files/<str:file_id>/",
        CaseMessageFileView.as_view(),
        name="api-desk-dispute-message-file",
    ),
]
