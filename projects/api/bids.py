"""Bids, for programs."""

from typing import Any

from django.db.models import QuerySet
from django.http import FileResponse
from django.shortcuts import get_object_or_404
from django.urls import path
from django.utils.datastructures import MultiValueDict
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.generics import ListAPIView
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import Serializer
from rest_framework.views import APIView

from marketplace.common.api import JsonParser, idempotent
from marketplace.common.files import attachment
from marketplace.common.money import known_currency
from projects.api.bid_shapes import (
    BidEditFilesIn,
    BidEditIn,
    BidFilesIn,
    BidIn,
    BidInFullOut,
    BidOut,
    BidVersionOut,
    DeclineIn,
    QuoteIn,
    QuoteOut,
    RenewalIn,
)
from projects.bids import services
from projects.bids.declining.services import decline_bid
from projects.bids.files.selectors import bid_files_of, files_included, with_files
from projects.bids.models import Bid
from projects.bids.renewals.services import renew_bid
from projects.bids.selectors import (
    bids_of,
    bids_on,
    narrowed_by_answers,
    own_bids_of,
    quote_of,
    shows_terms,
)
from projects.bids.terms import checked_amounts
from projects.postings.models import Posting
from projects.postings.selectors import postings_visible_to
from projects.screening.selectors import questions_of, wanted_answers


def _visible(request: Request, public_id: str) -> Bid:
    return get_object_or_404(bids_of(request.user), public_id=public_id)


def _out(bid: Bid, request: Request, status: int = 200) -> Response:
    with_files(bid)
    return Response(BidInFullOut(bid, context={"request": request}).data, status=status)


def _given(
    request: Request, *, plain: type[Serializer], in_parts: type[Serializer], **how: Any
) -> dict[str, Any]:
    """What was sent, as JSON or as a form with files."""
    shape = in_parts if isinstance(request.data, MultiValueDict) else plain
    given = shape(data=request.data, context={"request": request}, **how)
    given.is_valid(raise_exception=True)
    return given.validated_data


class PostingBidsView(ListAPIView):
    parser_classes = (JsonParser, MultiPartParser)
    serializer_class = BidOut

    def get_queryset(self) -> QuerySet[Bid]:
        posting, asked = self._posting(), self.request.query_params
        wanted = wanted_answers(questions_of(posting), asked)
        found = narrowed_by_answers(bids_on(posting, self.request.user), wanted)
        return files_included(found)

    def _posting(self) -> Posting:
        visible = postings_visible_to(self.request.user)
        return get_object_or_404(visible, public_id=self.kwargs["public_id"])

    def get(self, request: Request, public_id: str) -> Response:
        """All bids on your own posting; on another's, those that you made.

        `?<id of a screening question>=` yes, no or a choice narrows them to those that answer so.
        """
        return self.list(request)

    @extend_schema(
        request={"application/json": BidIn, "multipart/form-data": BidFilesIn},
        responses={201: BidInFullOut},
    )
    @idempotent
    def post(self, request: Request, public_id: str) -> Response:
        """Offer to do it."""
        posting = self._posting()
        given = _given(request, plain=BidIn, in_parts=BidFilesIn)
        bid = services.submit_bid(posting_id=posting.pk, by=request.user, **given)
        return _out(bid, request, status=201)


class BidsView(ListAPIView):
    """Bids that you made, newest first."""

    serializer_class = BidOut

    def get_queryset(self) -> QuerySet[Bid]:
        return files_included(own_bids_of(self.request.user))


class BidView(APIView):
    parser_classes = (JsonParser, MultiPartParser)

    @extend_schema(responses=BidInFullOut)
    def get(self, request: Request, public_id: str) -> Response:
        """A bid, for its author and the client alone."""
        return _out(_visible(request, public_id), request)

    @extend_schema(
        request={
            "application/json": BidEditIn(partial=True),
            "multipart/form-data": BidEditFilesIn(partial=True),
        },
        responses=BidInFullOut,
    )
    def patch(self, request: Request, public_id: str) -> Response:
        """Change what is given; the earlier wording stays to be read under versions."""
        bid = _visible(request, public_id)
        given = _given(request, plain=BidEditIn, in_parts=BidEditFilesIn, partial=True)
        bid = services.edit_bid(bid_id=bid.pk, by=request.user, **given)
        return _out(bid, request)


class BidVersionsView(APIView):
    @extend_schema(responses=BidVersionOut(many=True))
    def get(self, request: Request, public_id: str) -> Response:
        """Every wording of a bid, the newest first, each with its files."""
        bid = _visible(request, public_id)
        with_files(bid)
        wordings = [bid, *bid.versions.order_by("-number")]
        if not shows_terms(bid, request.user):
            wordings = []
        return Response(BidVersionOut(wordings, many=True).data)


class BidFileView(APIView):
    @extend_schema(responses={(200, "application/octet-stream"): OpenApiTypes.BINARY})
    def get(self, request: Request, public_id: str, file_id: str) -> FileResponse:
        """Download a file of a bid, of any of its wordings."""
        files = bid_files_of(request.user)
        found = get_object_or_404(files, bid__public_id=public_id, stored__public_id=file_id)
        return attachment(found.stored)


class WithdrawView(APIView):
    @extend_schema(request=None, responses=BidInFullOut)
    @idempotent
    def post(self, request: Request, public_id: str) -> Response:
        """Take your bid back."""
        bid = _visible(request, public_id)
        return _out(services.withdraw_bid(bid_id=bid.pk, by=request.user), request)


class RenewView(APIView):
    @extend_schema(request=RenewalIn, responses=BidInFullOut)
    @idempotent
    def post(self, request: Request, public_id: str) -> Response:
        """Let your bid stand longer, on the same terms; the client is told, once a day at most."""
        bid = _visible(request, public_id)
        given = RenewalIn(data=request.data, context={"request": request})
        given.is_valid(raise_exception=True)
        bid = renew_bid(bid_id=bid.pk, by=request.user, **given.validated_data)
        return _out(bid, request)


class ShortlistView(APIView):
    @extend_schema(request=None, responses=BidInFullOut)
    @idempotent
    def post(self, request: Request, public_id: str) -> Response:
        """Put it on your shortlist; the freelancer is told."""
        bid = _visible(request, public_id)
        return _out(services.shortlist_bid(bid_id=bid.pk, by=request.user), request)


class UnlistView(APIView):
    @extend_schema(request=None, responses=BidInFullOut)
    @idempotent
    def post(self, request: Request, public_id: str) -> Response:
        """Take it off your shortlist."""
        bid = _visible(request, public_id)
        return _out(services.unlist_bid(bid_id=bid.pk, by=request.user), request)


class DeclineView(APIView):
    @extend_schema(request=DeclineIn, responses=BidInFullOut)
    @idempotent
    def post(self, request: Request, public_id: str) -> Response:
        """Say no, with a reason that the freelancer reads."""
        bid = _visible(request, public_id)
        given = DeclineIn(data=request.data)
        given.is_valid(raise_exception=True)
        bid = decline_bid(bid_id=bid.pk, by=request.user, **given.validated_data)
        return _out(bid, request)


class QuotesView(APIView):
    @extend_schema(request=QuoteIn, responses=QuoteOut)
    def post(self, request: Request) -> Response:
        """Both nets of a plan to the minor unit: computed, never kept."""
        given = QuoteIn(data=request.data)
        given.is_valid(raise_exception=True)
        currency = known_currency(given.validated_data["currency"])
        amounts = checked_amounts(given.validated_data["amounts"], currency)
        return Response(QuoteOut(quote_of(amounts)).data)


ROUTES = [
    path("postings/<str:public_id>/bids/", PostingBidsView.as_view(), name="api-posting-bids"),
    path("bids/", BidsView.as_view(), name="api-bids"),
    path("bids/quotes/", QuotesView.as_view(), name="api-bid-quotes"),
    path("bids/<str:public_id>/", BidView.as_view(), name="api-bid"),
    path("bids/<str:public_id>/versions/", BidVersionsView.as_view(), name="api-bid-versions"),
    path("bids/<str:public_id>/files/<str:file_id>/", BidFileView.as_view(), name="api-bid-file"),
    path("bids/<str:public_id>/withdraw/", WithdrawView.as_view(), name="api-bid-withdraw"),
    path("bids/<str:public_id>/renew/", RenewView.as_view(), name="api-bid-renew"),
    path("bids/<str:public_id>/shortlist/", ShortlistView.as_view(), name="api-bid-shortlist"),
    path("bids/<str:public_id>/unlist/", UnlistView.as_view(), name="api-bid-unlist"),
    path("bids/<str:public_id>/decline/", DeclineView.as_view(), name="api-bid-decline"),
]
