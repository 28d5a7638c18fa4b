"""How postings look to programs."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from accounts.api.holds import GroundsIn
from marketplace.common.shapes import AmountIn, FileOut, UploadsIn
from projects.agreements.downtime.selectors import why_later
from projects.api.screening_shapes import ScreeningQuestionOut
from projects.confidentiality.selectors import files_behind, gate_of
from projects.postings import rules
from projects.postings.models import MOST_AWARDS, Posting
from projects.postings.roles import open_steps
from projects.postings.selectors import LONGEST_QUERY, ORDERS, Filters
from projects.screening.selectors import questions_of


class PartyOut(serializers.Serializer):
    """Who stands on a side."""

    id = serializers.CharField(source="public_id")
    name = serializers.CharField()


class PostingOut(serializers.ModelSerializer):
    """A project that a client wants done; budgets are minor units, of an hour if it is hourly."""

    id = serializers.CharField(source="public_id")
    client = PartyOut()
    skills = serializers.ListField(child=serializers.CharField())
    awards = serializers.IntegerField(help_text="How many freelancers its client means to choose.")
    awards_made = serializers.IntegerField(help_text="How many offers on it are accepted so far.")
    takes_bids = serializers.BooleanField()
    choose_by = serializers.DateTimeField(
        allow_null=True,
        help_text="Until when the client may choose; then its bids are given back. Never earlier "
        "than it was when a bid that stands came in.",
    )
    next_steps = serializers.SerializerMethodField(help_text="What you can do to it right now.")

    class Meta:
        model = Posting
        fields = [
            "id",
            "title",
            "description",
            "skills",
            "kind",
            "visibility",
            "currency",
            "budget_least",
            "budget_most",
            "awards",
            "awards_made",
            "wished_deadline",
            "bids_close_at",
            "choose_by",
            "status",
            "status_reason",
            "takes_bids",
            "client",
            "created_at",
            "published_at",
            "edited_at",
            "closed_at",
            "next_steps",
        ]

    @extend_schema_field(serializers.ListField(child=serializers.CharField()))
    def get_next_steps(self, posting: Posting) -> list[str]:
        return open_steps(posting, self.context["request"].user)


class PostingInFullOut(PostingOut):
    """The same with its files, with what is asked of everybody who bids, and with what an outage
    has put off.

    Where it is confidential, details and files are there for whoever has accepted the text of
    `confidentiality`.
    """

    is_confidential = serializers.SerializerMethodField()
    details = serializers.SerializerMethodField(help_text="Markdown.")
    files = serializers.SerializerMethodField()
    screening_questions = serializers.SerializerMethodField()
    bids_put_off = serializers.SerializerMethodField(
        help_text="Why the time to bid ends later than was said (Milepost was down), or empty."
    )
    choice_put_off = serializers.SerializerMethodField(
        help_text="Why the time to choose ends later than that (Milepost was down), or empty."
    )

    class Meta(PostingOut.Meta):
        fields = [
            *PostingOut.Meta.fields,
            "is_confidential",
            "details",
            "files",
            "screening_questions",
            "bids_put_off",
            "choice_put_off",
        ]

    def to_representation(self, posting: Posting) -> dict[str, Any]:
        self._gate = gate_of(posting, self.context["request"].user)
        return super().to_representation(posting)

    def get_is_confidential(self, posting: Posting) -> bool:
        return self._gate.part is not None

    @extend_schema_field(serializers.CharField(allow_null=True))
    def get_details(self, posting: Posting) -> str | None:
        return self._gate.details if self._gate.part and self._gate.is_open else None

    @extend_schema_field(FileOut(many=True))
    def get_files(self, posting: Posting) -> Any:
        return FileOut(files_behind(self._gate, posting), many=True).data

    @extend_schema_field(ScreeningQuestionOut(many=True))
    def get_screening_questions(self, posting: Posting) -> Any:
        return ScreeningQuestionOut(questions_of(posting), many=True).data

    def get_bids_put_off(self, posting: Posting) -> str:
        return why_later(posting.public_id, posting.bids_close_at)

    def get_choice_put_off(self, posting: Posting) -> str:
        return why_later(posting.public_id, posting.choose_by)


class PostingIn(serializers.Serializer):
    title = serializers.CharField(min_length=rules.SHORTEST_TITLE, max_length=rules.LONGEST_TITLE)
    description = serializers.CharField(
        max_length=rules.LONGEST_DESCRIPTION,
        required=False,
        allow_blank=True,
        help_text="Markdown. Needed for publishing.",
    )
    skills = serializers.ListField(
        child=serializers.CharField(max_length=40), max_length=rules.MAX_SKILLS, required=False
    )
    kind = serializers.ChoiceField(Posting.Kind.choices, required=False)
    visibility = serializers.ChoiceField(
        Posting.Visibility.choices,
        required=False,
        help_text="An unlisted posting is in no list: whoever has its address sees it and bids. An "
        "invite-only one is there only for those whom you invite, or who had bid or asked before.",
    )
    currency = serializers.CharField(max_length=3, required=False)
    budget_least = AmountIn(required=False, allow_null=True)
    budget_most = AmountIn(required=False, allow_null=True)
    awards = serializers.IntegerField(
        min_value=1,
        max_value=MOST_AWARDS,
        required=False,
        help_text="How many freelancers you mean to choose: 1 where nothing is said. While it is "
        "open more can be announced, and fewer down to those made or offered.",
    )
    wished_deadline = serializers.DateField(required=False, allow_null=True)
    bids_close_at = serializers.DateTimeField(required=False, allow_null=True)


class ReasonIn(serializers.Serializer):
    reason = serializers.CharField(max_length=rules.LONGEST_REASON)


class SuspensionIn(GroundsIn):
    reason = serializers.CharField(max_length=rules.LONGEST_REASON)


class SuspensionFilesIn(SuspensionIn):
    """The same, with files that show it."""

    files = UploadsIn()


class ClosingIn(serializers.Serializer):
    reason = serializers.CharField(
        max_length=rules.LONGEST_REASON, required=False, allow_blank=True, default=""
    )


class FilesIn(serializers.Serializer):
    files = serializers.ListField(child=serializers.FileField())


class BrowseIn(serializers.Serializer):
    """What somebody looks for; budgets are minor units of ``currency`` and need one."""

    q = serializers.CharField(
        required=False,
        allow_blank=True,
        max_length=LONGEST_QUERY,
        help_text='Words; also "in quotes", or, -not.',
    )
    skill = serializers.CharField(required=False, allow_blank=True, max_length=40)
    kind = serializers.ChoiceField(Posting.Kind.choices, required=False)
    currency = serializers.CharField(required=False, max_length=3)
    budget_least = AmountIn(least=0, required=False)
    budget_most = AmountIn(least=0, required=False)
    days = serializers.IntegerField(
        required=False, min_value=1, max_value=365, help_text="Published within so many days."
    )
    awards = serializers.IntegerField(
        required=False, min_value=1, max_value=MOST_AWARDS, help_text="For at least so many."
    )
    order = serializers.ChoiceField(
        ORDERS, required=False, default="newest", help_text="match needs q."
    )

    def filters(self) -> Filters:
        return Filters(**{k: v for k, v in self.validated_data.items() if k != "order"})
