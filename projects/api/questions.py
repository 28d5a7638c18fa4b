"""Questions on a posting, for programs: asked by who thinks of bidding, answered in public."""

from collections.abc import Callable

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from django.urls import path
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.generics import ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from marketplace.common.api import idempotent
from marketplace.common.lifecycle import FREELANCER
from projects.api.posting_shapes import ReasonIn
from projects.postings.models import Posting
from projects.postings.selectors import postings_visible_to
from projects.questions import services
from projects.questions.models import Question
from projects.questions.selectors import open_steps, questions_on, questions_visible_to, role_in


class QuestionOut(serializers.ModelSerializer):
    """A question, and its answer once there is one. Who asked is told to nobody else."""

    id = serializers.CharField(source="public_id")
    posting = serializers.CharField(source="posting.public_id")
    waits = serializers.BooleanField(
        help_text="Whether it may still be answered: with its posting it ends as it is."
    )
    is_own = serializers.SerializerMethodField(help_text="Whether you asked it.")
    next_steps = serializers.SerializerMethodField(help_text="What you can do right now.")

    class Meta:
        model = Question
        fields = [
            "id",
            "posting",
            "text",
            "answer",
            "status",
            "status_reason",
            "waits",
            "is_own",
            "created_at",
            "answered_at",
            "closed_at",
            "next_steps",
        ]

    def get_is_own(self, question: Question) -> bool:
        return role_in(question, self.context["request"].user) == FREELANCER

    @extend_schema_field(serializers.ListField(child=serializers.CharField()))
    def get_next_steps(self, question: Question) -> list[str]:
        return open_steps(question, self.context["request"].user)


class QuestionIn(serializers.Serializer):
    text = serializers.CharField(max_length=services.LONGEST_QUESTION)


class AnswerIn(serializers.Serializer):
    answer = serializers.CharField(max_length=services.LONGEST_ANSWER)


class QuestionsView(ListAPIView):
    serializer_class = QuestionOut

    def get_queryset(self) -> QuerySet[Question]:
        if getattr(self, "swagger_fake_view", False):
            return Question.objects.none()
        return questions_on(self._posting(), self.request.user)

    def _posting(self) -> Posting:
        seen = postings_visible_to(self.request.user)
        return get_object_or_404(seen, public_id=self.kwargs["public_id"])

    def get(self, request: Request, public_id: str) -> Response:
        """What was asked and answered, newest first; your own and, to the owner, what waits."""
        return self.list(request)

    @extend_schema(request=QuestionIn, responses={201: QuestionOut})
    @idempotent
    def post(self, request: Request, public_id: str) -> Response:
        """Ask the owner. Everybody reads it once it is answered; nobody is told who asked."""
        posting = self._posting()
        given = QuestionIn(data=request.data)
        given.is_valid(raise_exception=True)
        question = services.ask_question(
            posting_id=posting.pk, by=request.user, **given.validated_data
        )
        return _out(question, request, status=201)


class QuestionView(APIView):
    @extend_schema(responses=QuestionOut)
    def get(self, request: Request, public_id: str) -> Response:
        """One question."""
        return _out(_visible(request, public_id), request)


class AnswerView(APIView):
    @extend_schema(request=AnswerIn, responses=QuestionOut)
    @idempotent
    def post(self, request: Request, public_id: str) -> Response:
        """Answer for everybody to read, as the owner of the posting. The answer stands."""
        return _do(request, public_id, services.answer_question, AnswerIn)


class DeclineView(APIView):
    @extend_schema(request=ReasonIn, responses=QuestionOut)
    @idempotent
    def post(self, request: Request, public_id: str) -> Response:
        """Do not answer, with a reason that the asker reads."""
        return _do(request, public_id, services.decline_question, ReasonIn)


class RemoveView(APIView):
    @extend_schema(request=ReasonIn, responses=QuestionOut)
    @idempotent
    def post(self, request: Request, public_id: str) -> Response:
        """Take it out of sight, for moderators."""
        return _do(request, public_id, services.remove_question, ReasonIn)


class WithdrawView(APIView):
    @extend_schema(request=None, responses=QuestionOut)
    @idempotent
    def post(self, request: Request, public_id: str) -> Response:
        """Take back your own, before it is answered."""
        question = _visible(request, public_id)
        question = services.withdraw_question(question_id=question.pk, by=request.user)
        return _out(question, request)


def _do(
    request: Request,
    public_id: str,
    deed: Callable[..., Question],
    shape: type[serializers.Serializer],
) -> Response:
    question = _visible(request, public_id)
    given = shape(data=request.data)
    given.is_valid(raise_exception=True)
    question = deed(question_id=question.pk, by=request.user, **given.validated_data)
    return _out(question, request)


def _visible(request: Request, public_id: str) -> Question:
    return get_object_or_404(questions_visible_to(request.user), public_id=public_id)


def _out(question: Question, request: Request, status: int = 200) -> Response:
    return Response(QuestionOut(question, context={"request": request}).data, status=status)


ROUTES = [
    path(
        "postings/<str:public_id>/questions/",
        QuestionsView.as_view(),
        name="api-posting-questions",
    ),
    path("questions/<str:public_id>/", QuestionView.as_view(), name="api-question"),
    path("questions/<str:public_id>/answer/", AnswerView.as_view(), name="api-question-answer"),
    path("questions/<str:public_id>/decline/", DeclineView.as_view(), name="api-question-decline"),
    path(
        "questions/<str:public_id>/withdraw/", WithdrawView.as_view(), name="api-question-withdraw"
    ),
    path("questions/<str:public_id>/remove/", RemoveView.as_view(), name="api-question-remove"),
]
