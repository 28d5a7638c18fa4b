"""Pages about questions on a posting: ask one, answer it in public, or say why not."""

from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from marketplace.common.errors import NotAllowed
from marketplace.common.http import refusals_on
from marketplace.common.lifecycle import FREELANCER, OWNER
from marketplace.common.pages import page_of
from projects.confidentiality.selectors import gate_of
from projects.postings.roles import judge_let_in
from projects.postings.roles import role_in as role_on_posting
from projects.postings.selectors import is_let_in, postings_visible_to
from projects.questions import services
from projects.questions.models import LIFECYCLE, Question
from projects.questions.selectors import (
    open_steps,
    questions_on,
    questions_visible_to,
    role_in,
    waiting_on,
)
from projects.web.posting_forms import ReasonForm

FORM = require_http_methods(["GET", "HEAD", "POST"])


class QuestionForm(forms.Form):
    text = forms.CharField(
        label="Your question",
        max_length=services.LONGEST_QUESTION,
        widget=forms.Textarea({"rows": 5}),
        help_text="Your name is told to nobody. Everybody reads it once it is answered.",
    )


class AnswerForm(forms.Form):
    answer = forms.CharField(
        label="Your answer",
        max_length=services.LONGEST_ANSWER,
        widget=forms.Textarea({"rows": 6}),
        help_text="Everybody reads it, with the question. Neither can be changed afterwards.",
    )


@login_not_required
@require_safe
def list_questions(request: HttpRequest, public_id: str) -> HttpResponse:
    posting = get_object_or_404(postings_visible_to(request.user), public_id=public_id)
    is_owner = role_on_posting(posting, request.user) == OWNER
    page = page_of(request, questions_on(posting, request.user))
    context = {
        "posting": posting,
        "page": page,
        "rows": rows_of(page.items, request),
        "is_owner": is_owner,
        "is_let_in": is_let_in(posting, request.user),
        "waiting": waiting_on(posting) if is_owner else 0,
        "gate": gate_of(posting, request.user),
        "nav": "browse",
    }
    return render(request, "questions/of_posting.html", context)


def rows_of(questions: list[Question], request: HttpRequest) -> list[dict[str, Any]]:
    """Each with what this person may do to it, and whether it is their own."""
    return [_row(question, request) for question in questions]


def _row(question: Question, request: HttpRequest) -> dict[str, Any]:
    return {
        "question": question,
        "steps": open_steps(question, request.user),
        "is_own": role_in(question, request.user) == FREELANCER,
    }


@FORM
def create_question(request: HttpRequest, public_id: str) -> HttpResponse:
    posting = get_object_or_404(postings_visible_to(request.user), public_id=public_id)
    if role_on_posting(posting, request.user) == OWNER:
        raise NotAllowed("This is your own posting: say it in its description.")
    judge_let_in(posting, request.user)
    if not gate_of(posting, request.user).is_open:
        return redirect("confidentiality", public_id)
    form = QuestionForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        with refusals_on(form):
            services.ask_question(posting_id=posting.pk, by=request.user, **form.cleaned_data)
            messages.success(request, "Asked. You are told when it is answered.")
            return redirect("posting-questions", public_id)
    context = {"form": form, "posting": posting}
    return render(request, "questions/ask.html", context, status=400 if form.errors else 200)


@login_not_required
@require_safe
def show_question(request: HttpRequest, public_id: str) -> HttpResponse:
    """One of them, where notices lead to; its owner answers it here."""
    question = get_object_or_404(questions_visible_to(request.user), public_id=public_id)
    return _show(request, question, AnswerForm())


@FORM
def create_answer(request: HttpRequest, public_id: str) -> HttpResponse:
    question = get_object_or_404(questions_visible_to(request.user), public_id=public_id)
    LIFECYCLE.judge(question, "answer", role=role_in(question, request.user))
    form = AnswerForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        with refusals_on(form):
            services.answer_question(question_id=question.pk, by=request.user, **form.cleaned_data)
            messages.success(request, "Answered, for everybody to read.")
            return redirect("posting-questions", question.posting.public_id)
    return _show(request, question, form)


def _show(request: HttpRequest, question: Question, form: AnswerForm) -> HttpResponse:
    context = {"row": _row(question, request), "form": form, "posting": question.posting}
    status = 400 if form.errors else 200
    return render(request, "questions/question.html", context, status=status)


@FORM
def create_decline(request: HttpRequest, public_id: str) -> HttpResponse:
    return _end(
        request,
        public_id,
        step="decline",
        deed=services.decline_question,
        said="The asker is told why. Nobody else reads the question.",
        help_text="Who asked reads it, nobody else.",
    )


@FORM
def create_removal(request: HttpRequest, public_id: str) -> HttpResponse:
    return _end(
        request,
        public_id,
        step="remove",
        deed=services.remove_question,
        said="The question is out of sight.",
        help_text="Who asked and the owner read it; it is kept in the audit log.",
    )


@require_POST
def create_withdrawal(request: HttpRequest, public_id: str) -> HttpResponse:
    question = get_object_or_404(questions_visible_to(request.user), public_id=public_id)
    services.withdraw_question(question_id=question.pk, by=request.user)
    messages.success(request, "Withdrawn.")
    return redirect("posting-questions", question.posting.public_id)


def _end(
    request: HttpRequest, public_id: str, *, step: str, deed: Any, said: str, help_text: str
) -> HttpResponse:
    question = get_object_or_404(questions_visible_to(request.user), public_id=public_id)
    LIFECYCLE.judge(question, step, role=role_in(question, request.user))
    sent = request.POST if request.method == "POST" else None
    form = ReasonForm(sent, needed=True, help_text=help_text)
    if form.is_valid():
        with refusals_on(form):
            deed(question_id=question.pk, by=request.user, **form.cleaned_data)
            messages.success(request, said)
            return redirect("posting-questions", question.posting.public_id)
    context = {"form": form, "question": question, "label": LIFECYCLE.steps[step].label}
    return render(request, "questions/end.html", context, status=400 if form.errors else 200)


ROUTES = [
    path("postings/<str:public_id>/questions/", list_questions, name="posting-questions"),
    path("postings/<str:public_id>/questions/new/", create_question, name="question-create"),
    path("questions/<str:public_id>/", show_question, name="question"),
    path("questions/<str:public_id>/answer/", create_answer, name="question-answer"),
    path("questions/<str:public_id>/decline/", create_decline, name="question-decline"),
    path(
        "questions/<str:public_id>/withdraw/",
        create_withdrawal,
        name="question-withdraw",
    ),
    path("questions/<str:public_id>/remove/", create_removal, name="question-remove"),
]
