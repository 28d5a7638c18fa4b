"""Screening questions of a posting, for programs; their answers come and go with the bids."""

from django.shortcuts import get_object_or_404
from django.urls import path
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from projects.api.screening_shapes import ScreeningIn, ScreeningQuestionOut
from projects.postings.models import Posting
from projects.postings.selectors import postings_visible_to
from projects.screening.selectors import questions_of
from projects.screening.services import set_screening_questions


class ScreeningQuestionsView(APIView):
    @extend_schema(responses=ScreeningQuestionOut(many=True))
    def get(self, request: Request, public_id: str) -> Response:
        """What is asked of everybody who bids, in its order."""
        questions = questions_of(_visible(request, public_id))
        return Response(ScreeningQuestionOut(questions, many=True).data)

    @extend_schema(request=ScreeningIn, responses=ScreeningQuestionOut(many=True))
    def put(self, request: Request, public_id: str) -> Response:
        """Ask these and no others, as the owner, until somebody has bid."""
        posting = _visible(request, public_id)
        given = ScreeningIn(data=request.data)
        given.is_valid(raise_exception=True)
        questions = set_screening_questions(
            posting_id=posting.pk, by=request.user, **given.validated_data
        )
        return Response(ScreeningQuestionOut(questions, many=True).data)


def _visible(request: Request, public_id: str) -> Posting:
    return get_object_or_404(postings_visible_to(request.user), public_id=public_id)


ROUTES = [
    path(
        "postings/<str:public_id>/screening-questions/",
        ScreeningQuestionsView.as_view(),
        name="api-screening-questions",
    ),
]
