"""What people type about screening questions: owners the questions, bidders the answers."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from django import forms
from django.http import QueryDict

from marketplace.common.errors import DomainError
from projects.screening import rules
from projects.screening.models import ScreeningQuestion
from projects.screening.rules import Answers
from projects.screening.selectors import NO, YES, ways_to_answer

Kind = ScreeningQuestion.Kind
BLANK_ROWS = 2


class WholeNumberField(forms.IntegerField):
    """Typed in a line, without the spinner that changes it by accident."""

    widget = forms.TextInput


class QuestionForm(forms.Form):
    """One row; a row that is left or made empty asks nothing."""

    use_required_attribute = False

    text = forms.CharField(label="Question", max_length=rules.LONGEST_QUESTION)
    kind = forms.ChoiceField(label="Answered by", choices=Kind.choices)
    is_required = forms.BooleanField(
        label="Nobody bids without answering it", required=False, initial=True
    )
    choices = forms.CharField(
        label="Choices",
        required=False,
        max_length=rules.MOST_CHOICES * (rules.LONGEST_CHOICE + 2),
        widget=forms.Textarea({"rows": 3, "class": "short"}),
        help_text="For a list: one a line.",
    )
    unit = forms.CharField(
        label="Unit", required=False, max_length=rules.LONGEST_UNIT, help_text="For a number."
    )
    least = WholeNumberField(label="At least", required=False)
    most = WholeNumberField(label="At most", required=False)

    def has_changed(self) -> bool:
        """Whether anything is typed: the kind and the tick say something in every row."""
        names = ("text", "choices", "unit", "least", "most")
        return any(self.data.get(self.add_prefix(name), "").strip() for name in names)

    def question(self) -> dict[str, Any]:
        """What the services take."""
        lines = self.cleaned_data["choices"].splitlines()
        return self.cleaned_data | {"choices": [line.strip() for line in lines if line.strip()]}


class _Rows(forms.BaseFormSet):
    """Each row may be left empty, those of questions that stand, too: so they are dropped."""

    default_error_messages = forms.BaseFormSet.default_error_messages | {
        "missing_management_form": "Reload this page, and send it again.",
        "too_many_forms": "Ask at most %(num)d questions.",
    }

    def initial_form_count(self) -> int:
        return 0

    @property
    def filled(self) -> list[QuestionForm]:
        return [form for form in self.forms if form.has_changed()]

    def questions(self) -> list[dict[str, Any]]:
        """What the services take."""
        return [form.question() for form in self.filled]

    @contextmanager
    def refusals(self) -> Iterator[None]:
        """Put ``questions[1].choices`` beside the choices of the second row that says anything."""
        try:
            yield
        except DomainError as refusal:
            place, _, field = (refusal.param or "").removeprefix("questions[").partition("].")
            if field in QuestionForm.base_fields and place.isdecimal():
                self.filled[int(place)].add_error(field, refusal.message)
            else:
                self.non_form_errors().append(refusal.message)


def rows_of(standing: Sequence[ScreeningQuestion], sent: QueryDict | None = None) -> _Rows:
    """A row for each question that stands, and some to ask more in."""
    rows = forms.formset_factory(
        QuestionForm,
        formset=_Rows,
        extra=len(standing) + BLANK_ROWS,
        max_num=rules.MOST_QUESTIONS,
        absolute_max=rules.MOST_QUESTIONS,
    )
    initial = [
        {field: getattr(question, field) for field in rules.FIELDS}
        | {"choices": "\n".join(question.choices)}
        for question in standing
    ]
    return rows(sent, initial=None if sent else initial, prefix="question")


def answer_field(question: ScreeningQuestion) -> forms.Field:
    """The field in which this is answered."""
    common: dict[str, Any] = {"label": question.text, "required": question.is_required}
    match question.kind:
        case Kind.SHORT_TEXT:
            return forms.CharField(max_length=rules.LONGEST_SHORT, **common)
        case Kind.LONG_TEXT:
            area = forms.Textarea({"rows": 4})
            return forms.CharField(max_length=rules.LONGEST_LONG, widget=area, **common)
        case Kind.WHOLE_NUMBER:
            help_text = f"A whole number {question.bounds_in_words or question.unit}".strip()
            return WholeNumberField(help_text=f"{help_text}.", **common)
        case Kind.SEVERAL_CHOICES:
            boxes = forms.CheckboxSelectMultiple
            ways = ways_to_answer(question)
            return forms.MultipleChoiceField(choices=ways, widget=boxes, **common)
    ways = ways_to_answer(question)
    if not question.is_required:
        ways = [("", "No answer"), *ways]
    return forms.ChoiceField(choices=ways, widget=forms.RadioSelect, **common)


def answer_fields(
    questions: Sequence[ScreeningQuestion], *, answers: Answers, typed: QueryDict | None = None
) -> dict[str, forms.Field]:
    """A field for each question, named as refusals name it; ``typed`` goes before ``answers``."""
    fields = {f"answers.{question.public_id}": answer_field(question) for question in questions}
    for question, (name, field) in zip(questions, fields.items(), strict=True):
        if typed is None:
            answer = answers.get(question.public_id)
            field.initial = (YES if answer else NO) if isinstance(answer, bool) else answer
        else:
            is_list = question.kind == Kind.SEVERAL_CHOICES
            field.initial = typed.getlist(name) if is_list else typed.get(name, "")
    return fields


def answers_given(questions: Sequence[ScreeningQuestion], cleaned: dict[str, Any]) -> Answers:
    """What the services take; what is left empty answers nothing."""
    given: Answers = {}
    for question in questions:
        answer = cleaned[f"answers.{question.public_id}"]
        if question.kind == Kind.YES_NO and answer:
            answer = answer == YES
        given[question.public_id] = answer
    return given
