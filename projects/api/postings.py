"""Postings, for programs."""

from django.db.models import QuerySet
from django.http import FileResponse
from django.shortcuts import get_object_or_404
from django.urls import path
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.generics import ListAPIView
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from marketplace.common.api import CursorPage, JsonParser, checked_body, idempotent
from marketplace.common.files import attachment
from projects.agreements.suspending.services import restore_posting, suspend_posting
from projects.api.posting_shapes import (
    BrowseIn,
    ClosingIn,
    FileOut,
    FilesIn,
    PostingIn,
    PostingInFullOut,
    PostingOut,
    SuspensionFilesIn,
    SuspensionIn,
)
from projects.bids.declining.services import close_bidding, edit_bidding
from projects.confidentiality.selectors import files_behind, gate_of
from projects.postings import services
from projects.postings.models import Posting
from projects.postings.selectors import (
    KEYS,
    browse,
    order_for,
    postings_of,
    postings_visible_to,
)


def _visible(request: Request, public_id: str) -> Posting:
    return get_object_or_404(postings_visible_to(request.user), public_id=public_id)


def _out(posting: Posting, request: Request, status: int = 200) -> Response:
    return Response(PostingInFullOut(posting, context={"request": request}).data, status=status)


class BrowsePage(CursorPage):
    """In the order that is asked for."""

    def get_ordering(self, request: Request, queryset: QuerySet, view: APIView) -> tuple[str, ...]:
        return view.ordering


class PostingsView(ListAPIView):
    serializer_class = PostingOut
    pagination_class = BrowsePage
    ordering: tuple[str, ...] = ()

    def get_queryset(self) -> QuerySet[Posting]:
        asked = BrowseIn(data=self.request.query_params)
        asked.is_valid(raise_exception=True)
        filters, order = asked.filters(), asked.validated_data["order"]
        self.ordering = tuple(f"-{key}" for key in KEYS[order_for(filters, order)])
        return browse(filters, order=order)

    @extend_schema(parameters=[BrowseIn])
    def get(self, request: Request) -> Response:
        """Open postings that fit the filters."""
        return self.list(request)

    @extend_schema(request=PostingIn, responses={201: PostingInFullOut})
    @idempotent
    def post(self, request: Request) -> Response:
        """Write a draft that only you see."""
        given = PostingIn(data=request.data)
        given.is_valid(raise_exception=True)
        posting = services.create_posting(by=request.user, **given.validated_data)
        return _out(posting, request, status=201)


class OwnPostingsView(ListAPIView):
    """Your own postings, drafts too, newest first."""

    serializer_class = PostingOut

    def get_queryset(self) -> QuerySet[Posting]:
        return postings_of(self.request.user)


class PostingView(APIView):
    @extend_schema(responses=PostingInFullOut)
    def get(self, request: Request, public_id: str) -> Response:
        """A posting with its files and screening questions."""
        return _out(_visible(request, public_id), request)

    @extend_schema(request=PostingIn(partial=True), responses=PostingInFullOut)
    def patch(self, request: Request, public_id: str) -> Response:
        """Change what is given. Once published, kind and currency stay; an open posting that
        announces no more awards than are made is awarded, and the bids left on it are declined.
        """
        posting = _visible(request, public_id)
        given = PostingIn(data=request.data, partial=True)
        given.is_valid(raise_exception=True)
        posting = edit_bidding(posting_id=posting.pk, by=request.user, **given.validated_data)
        return _out(posting, request)


class PublishView(APIView):
    @extend_schema(request=None, responses=PostingInFullOut)
    @idempotent
    def post(self, request: Request, public_id: str) -> Response:
        """Let everybody read it and bid."""
        posting = _visible(request, public_id)
        return _out(services.publish_posting(posting_id=posting.pk, by=request.user), request)


class CloseView(APIView):
    @extend_schema(request=ClosingIn, responses=PostingInFullOut)
    @idempotent
    def post(self, request: Request, public_id: str) -> Response:
        """Take it off the market; the bids that stand are given back with the reason. With some
        award made it ends as awarded, and they are declined: enough are found.
        """
        posting = _visible(request, public_id)
        given = ClosingIn(data=request.data)
        given.is_valid(raise_exception=True)
        posting = close_bidding(posting_id=posting.pk, by=request.user, **given.validated_data)
        return _out(posting, request)


class SuspendView(APIView):
    parser_classes = (JsonParser, MultiPartParser)

    @extend_schema(
        request={"application/json": SuspensionIn, "multipart/form-data": SuspensionFilesIn},
        responses=PostingInFullOut,
    )
    @idempotent
    def post(self, request: Request, public_id: str) -> Response:
        """Take it out of sight for some days, for moderators; its owner can appeal (`holds`)."""
        posting = _visible(request, public_id)
        given = checked_body(request, SuspensionIn, SuspensionFilesIn)
        posting = suspend_posting(posting_id=posting.pk, by=request.user, **given)
        return _out(posting, request)


class RestoreView(APIView):
    @extend_schema(request=None, responses=PostingInFullOut)
    @idempotent
    def post(self, request: Request, public_id: str) -> Response:
        """Show it again, for moderators. Its times, and those of its bids, are later by as long as
        it was suspended.
        """
        posting = _visible(request, public_id)
        return _out(restore_posting(posting_id=posting.pk, by=request.user), request)


class PostingFilesView(APIView):
    parser_classes = [MultiPartParser]

    @extend_schema(request=FilesIn, responses={201: FileOut(many=True)})
    @idempotent
    def post(self, request: Request, public_id: str) -> Response:
        """Attach files that explain it: all of them, or none."""
        posting = _visible(request, public_id)
        added = services.add_files(
            posting_id=posting.pk, uploads=request.FILES.getlist("files"), by=request.user
        )
        return Response(FileOut(added, many=True).data, status=201)


class PostingFileView(APIView):
    @extend_schema(responses={(200, "application/octet-stream"): OpenApiTypes.BINARY})
    def get(self, request: Request, public_id: str, file_id: str) -> FileResponse:
        """Download a file of the posting."""
        posting = _visible(request, public_id)
        files = files_behind(gate_of(posting, request.user), posting)
        return attachment(get_object_or_404(files, stored__public_id=file_id).stored)

    @extend_schema(responses={204: None})
    def delete(self, request: Request, public_id: str, file_id: str) -> Response:
        """Take a file off the posting."""
        posting = _visible(request, public_id)
        services.remove_file(posting_id=posting.pk, file_public_id=file_id, by=request.user)
        return Response(status=204)


ROUTES = [
    path("postings/", PostingsView.as_view(), name="api-postings"),
    path("postings/mine/", OwnPostingsView.as_view(), name="api-own-postings"),
    path("postings/<str:public_id>/", PostingView.as_view(), name="api-posting"),
    path(
        "postings/<str:public_id>/publish/",
        PublishView.as_view(),
        name="api-posting-publish",
    ),
    path("postings/<str:public_id>/close/", CloseView.as_view(), name="api-posting-close"),
    path(
        "postings/<str:public_id>/suspend/",
        SuspendView.as_view(),
        name="api-posting-suspend",
    ),
    path(
        "postings/<str:public_id>/restore/",
        RestoreView.as_view(),
        name="api-posting-restore",
    ),
    path(
        "postings/<str:public_id>/files/",
        PostingFilesView.as_view(),
        name="api-posting-files",
    ),
    path(
        "postings/<str:public_id>/files/<str:file_id>/",
        PostingFileView.as_view(),
        name="api-posting-file",
    ),
]
