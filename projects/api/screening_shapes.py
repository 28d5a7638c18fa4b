"""How screening questions and the answers to them look to programs."""

from typing import Any

from rest_framework import serializers

from marketplace.common.shapes import AmountIn
from projects.screening import rules
from projects.screening.models import ScreeningQuestion


class AnswersField(serializers.DictField):
    """Answers by the ids of their questions."""

    child = serializers.JSONField(allow_null=True)

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(
            help_text="By the ids of the posting's screening questions: text, true or false, a "
            "whole number, a choice, or a list of choices. What is not answered is left out.",
            **kwargs,
        )


class ScreeningQuestionOut(serializers.ModelSerializer):
    """What is asked of everybody who bids."""

    id = serializers.CharField(source="public_id")
    choices = serializers.ListField(child=serializers.CharField())

    class Meta:
        model = ScreeningQuestion
        fields = ["id", *rules.FIELDS]


class ScreeningQuestionIn(serializers.Serializer):
    """A question; ``unit``, ``least`` and ``most`` are a number's, ``choices`` those of a list."""

    kind = serializers.ChoiceField(ScreeningQuestion.Kind.choices)
    text = serializers.CharField(max_length=rules.LONGEST_QUESTION)
    is_required = serializers.BooleanField(required=False)
    unit = serializers.CharField(required=False, allow_blank=True, max_length=rules.LONGEST_UNIT)
    least = AmountIn(least=-rules.LARGEST, required=False, allow_null=True)
    most = AmountIn(least=-rules.LARGEST, required=False, allow_null=True)
    choices = serializers.ListField(
        child=serializers.CharField(max_length=rules.LONGEST_CHOICE),
        max_length=rules.MOST_CHOICES,
        required=False,
    )


class ScreeningIn(serializers.Serializer):
    questions = ScreeningQuestionIn(many=True, max_length=rules.MOST_QUESTIONS)
