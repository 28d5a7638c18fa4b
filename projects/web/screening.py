"""Pages about screening questions: what an owner asks, and what bids answer, side by side."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path
from django.views.decorators.http import require_http_methods

from projects.bids.models import Bid
from projects.postings.models import LIFECYCLE
from projects.postings.roles import role_in
from projects.postings.selectors import postings_visible_to
from projects.screening.models import ScreeningQuestion
from projects.screening.rules import MOST_QUESTIONS, Answers
from projects.screening.selectors import in_words, questions_of, wanted_answers, ways_to_answer
from projects.screening.services import set_screening_questions
from projects.web.screening_forms import rows_of


@require_http_methods(["GET", "HEAD", "POST"])
def edit_screening_questions(request: HttpRequest, public_id: str) -> HttpResponse:
    posting = get_object_or_404(postings_visible_to(request.user), public_id=public_id)
    LIFECYCLE.judge(posting, "edit", role=role_in(posting, request.user))
    standing = questions_of(posting)
    rows = rows_of(standing, request.POST if request.method == "POST" else None)
    if rows.is_valid():
        with rows.refusals():
            set_screening_questions(
                posting_id=posting.pk, questions=rows.questions(), by=request.user
            )
            return _saved(request, public_id)
    context = {
        "posting": posting,
        "questions": standing,
        "rows": rows,
        "most": MOST_QUESTIONS,
        "is_settled": posting.bids.exists(),
        "nav": "work",
    }
    status = 400 if rows.is_bound else 200
    return render(request, "screening/form.html", context, status=status)


def _saved(request: HttpRequest, public_id: str) -> HttpResponse:
    if request.POST.get("then") == "more":
        messages.success(request, "Saved. Ask on.")
        return redirect("screening-questions", public_id)
    messages.success(request, "Saved. Whoever bids from now on answers this.")
    return redirect("posting", public_id)


def answered(questions: list[ScreeningQuestion], answers: Answers) -> list[dict[str, str]]:
    """Each question with what a bid answers, for its page."""
    return [{"text": one.text, "answer": in_words(one, answers)} for one in questions]


def side_by_side(questions: list[ScreeningQuestion], bids: list[Bid]) -> list[dict[str, Any]]:
    """Each question with the answers of all these bids, in their order."""
    return [
        {"text": one.text, "cells": [in_words(one, bid.answers) for bid in bids]}
        for one in questions
    ]


def filters_of(
    questions: list[ScreeningQuestion], request: HttpRequest
) -> tuple[list[dict[str, Any]], Answers]:
    """The questions by whose answers a list can be narrowed, and by what this one is."""
    wanted = wanted_answers(questions, request.GET)
    filters = [
        {
            "question": one,
            "ways": ways_to_answer(one),
            "chosen": request.GET.get(one.public_id, ""),
        }
        for one in questions
        if one.has_choices
    ]
    return filters, wanted


ROUTES = [
    path(
        "postings/<str:public_id>/screening-questions/",
        edit_screening_questions,
        name="screening-questions",
    ),
]
