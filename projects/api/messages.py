"""Messages about a bid and its contract."""

from typing import Any

from django.conf import settings
from django.db.models import QuerySet
from django.http import FileResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404
from django.urls import path, reverse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_field
from rest_framework import serializers, status
from rest_framework.generics import ListAPIView
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from marketplace.common.api import CursorPage, JsonParser, checked_body, idempotent
from marketplace.common.files import attachment
from marketplace.common.http import download
from marketplace.common.lifecycle import CLIENT, FREELANCER
from marketplace.common.shapes import FileOut, UploadsIn
from projects.bids.models import Bid
from projects.bids.selectors import bids_of
from projects.contracts.selectors import contracts_of
from projects.messages import services
from projects.messages.export import document_of
from projects.messages.models import Message
from projects.messages.rules import LONGEST_MESSAGE
from projects.messages.selectors import (
    found_in,
    message_files_of,
    messages_on,
    talk_about,
    unread_of_each,
)

_OTHER = {CLIENT: FREELANCER, FREELANCER: CLIENT}


class MessagesPage(CursorPage):
    ordering = ("-number",)


class MessageFileOut(FileOut):
    """A file that came with a message."""

    url = serializers.SerializerMethodField()

    @extend_schema_field(serializers.URLField)
    def get_url(self, file: Any) -> str:
        ids = [file.message.public_id, file.stored.public_id]
        return settings.SITE_URL + reverse("api-message-file", args=ids)


class MessageOut(serializers.Serializer):
    """One message; ``read`` once the other side has read as far."""

    id = serializers.CharField(source="public_id")
    number = serializers.IntegerField(help_text="1 is the first of the conversation.")
    by = serializers.CharField(source="by.public_id")
    name = serializers.CharField(source="by.name")
    role = serializers.ChoiceField([CLIENT, FREELANCER])
    text = serializers.CharField(help_text="Markdown.")
    files = MessageFileOut(many=True, source="files.all")
    created_at = serializers.DateTimeField()
    read = serializers.SerializerMethodField()

    def get_read(self, message: Message) -> bool:
        return message.number <= message.conversation.read_by(_OTHER[message.role])


class MessageIn(serializers.Serializer):
    """Text or a file at least."""

    text = serializers.CharField(
        max_length=LONGEST_MESSAGE, required=False, default="", allow_blank=True
    )


class MessageFilesIn(MessageIn):
    """The same, with files."""

    files = UploadsIn()


class ReadMarkIn(serializers.Serializer):
    up_to = serializers.IntegerField(min_value=1, max_value=2**31 - 1)


class LeftToReadOut(serializers.Serializer):
    """What is left to read, of the other side."""

    unread = serializers.IntegerField()


class BidMessagesView(ListAPIView):
    """The messages about a bid, the newest first; ``q`` finds words in them."""

    parser_classes = (JsonParser, MultiPartParser)
    serializer_class = MessageOut
    pagination_class = MessagesPage

    def get_queryset(self) -> QuerySet[Message]:
        if getattr(self, "swagger_fake_view", False):
            return Message.objects.none()
        found = messages_on(self.bid_of(self.request, self.kwargs["public_id"]))
        return found_in(found, self.request.query_params.get("q", ""))

    @extend_schema(parameters=[OpenApiParameter("q", str, description="Words to look for.")])
    def get(self, request: Request, public_id: str) -> Response:
        return self.list(request, public_id=public_id)

    @extend_schema(
        request={"application/json": MessageIn, "multipart/form-data": MessageFilesIn},
        responses={201: MessageOut},
    )
    @idempotent
    def post(self, request: Request, public_id: str) -> Response:
        """Write to the other side, for good; who is named as @name is told."""
        bid = self.bid_of(request, public_id)
        said = checked_body(request, MessageIn, MessageFilesIn)
        sent = services.write_message(bid_id=bid.pk, by=request.user, **said)
        shown = MessageOut(messages_on(bid).get(pk=sent.pk)).data
        return Response(shown, status=status.HTTP_201_CREATED)

    def bid_of(self, request: Request, public_id: str) -> Bid:
        return get_object_or_404(bids_of(request.user), public_id=public_id)


class ContractMessagesView(BidMessagesView):
    """The messages about a contract and, before it, its bid, the newest first; ``q`` finds words
    in them.
    """

    def bid_of(self, request: Request, public_id: str) -> Bid:
        return _bid_of_contract(request, public_id)


class BidReadView(APIView):
    @extend_schema(request=ReadMarkIn, responses=LeftToReadOut)
    @idempotent
    def post(self, request: Request, public_id: str) -> Response:
        """Note that your side has read as far as this number; the other side sees it."""
        bid = self.bid_of(request, public_id)
        body = ReadMarkIn(data=request.data)
        body.is_valid(raise_exception=True)
        services.read_messages(bid_id=bid.pk, by=request.user, **body.validated_data)
        unread = unread_of_each([bid.pk], request.user).get(bid.pk, 0)
        return Response(LeftToReadOut({"unread": unread}).data)

    def bid_of(self, request: Request, public_id: str) -> Bid:
        return get_object_or_404(bids_of(request.user), public_id=public_id)


class ContractReadView(BidReadView):
    def bid_of(self, request: Request, public_id: str) -> Bid:
        return _bid_of_contract(request, public_id)


class BidExportView(APIView):
    @extend_schema(responses={(200, "application/json"): OpenApiTypes.OBJECT})
    def get(self, request: Request, public_id: str) -> StreamingHttpResponse:
        """All of it as one document: the same for both sides, with the hash of each file."""
        parts = document_of(talk_about(self.bid_of(request, public_id)))
        return download(f"messages-{public_id}.json", "application/json", parts)

    def bid_of(self, request: Request, public_id: str) -> Bid:
        return get_object_or_404(bids_of(request.user), public_id=public_id)


class ContractExportView(BidExportView):
    def bid_of(self, request: Request, public_id: str) -> Bid:
        return _bid_of_contract(request, public_id)


class MessageFileView(APIView):
    @extend_schema(responses={(200, "application/octet-stream"): OpenApiTypes.BINARY})
    def get(self, request: Request, public_id: str, file_id: str) -> FileResponse:
        """The bytes of a file, as they were sent."""
        files = message_files_of(request.user)
        found = get_object_or_404(files, message__public_id=public_id, stored__public_id=file_id)
        return attachment(found.stored)


def _bid_of_contract(request: Request, public_id: str) -> Bid:
    contract = get_object_or_404(contracts_of(request.user), public_id=public_id)
    return bids_of(request.user).get(pk=contract.bid_id)


ROUTES = [
    path(
        "bids/<str:public_id>/messages/export/",
        BidExportView.as_view(),
        name="api-bid-messages-export",
    ),
    path(
        "contracts/<str:public_id>/messages/export/",
        ContractExportView.as_view(),
        name="api-contract-messages-export",
    ),
    path("bids/<str:public_id>/messages/", BidMessagesView.as_view(), name="api-bid-messages"),
    path("bids/<str:public_id>/messages/read/", BidReadView.as_view(), name="api-bid-read"),
    path(
        "contracts/<str:public_id>/messages/",
        ContractMessagesView.as_view(),
        name="api-contract-messages",
    ),
    path(
        "contracts/<str:public_id>/messages/read/",
        ContractReadView.as_view(),
        name="api-contract-read",
    ),
    path(
        "messages/<str:public_id>/files/<str:file_id>/",
        MessageFileView.as_view(),
        name="api-message-file",
    ),
]
