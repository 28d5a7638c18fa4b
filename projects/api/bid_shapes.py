"""How bids look to programs."""

from functools import cached_property
from typing import Any

from django.conf import settings
from django.urls import reverse
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from marketplace.common.lifecycle import CLIENT, FREELANCER
from marketplace.common.shapes import (
    AmountIn,
    DeadlineIn,
    DeclineNoteIn,
    FileOut,
    JsonTextIn,
    UploadsIn,
)
from payments.policies.fees import quote
from payments.policies.models import Policy
from payments.policies.selectors import policy_in_force
from projects.agreements.downtime.selectors import why_later
from projects.api.posting_shapes import PartyOut
from projects.api.screening_shapes import AnswersField
from projects.bids import terms
from projects.bids.files.models import BidFile
from projects.bids.files.selectors import files_in
from projects.bids.models import CLIENTS_REASONS, Bid, BidVersion, DeclinedFor
from projects.bids.roles import open_steps, role_in
from projects.bids.selectors import awards_made, shows_terms

# What a client may decline a bid for.
REASONS = [(why.value, why.label) for why in CLIENTS_REASONS]


class PlannedMilestone(serializers.Serializer):
    """A milestone as offered: due so many days after the start, done when the criteria hold."""

    title = serializers.CharField(max_length=terms.LONGEST_MILESTONE_TITLE)
    amount = AmountIn(help_text="In minor units.")
    days = serializers.IntegerField(min_value=1, max_value=terms.MAX_DAYS)
    criteria = serializers.ListField(
        child=serializers.CharField(max_length=terms.LONGEST_CRITERION),
        max_length=terms.MAX_CRITERIA,
        required=False,
        default=list,
    )


class TermsDifferenceOut(serializers.Serializer):
    """One difference in words; an empty side is not there."""

    title = serializers.CharField()
    what = serializers.CharField()
    before = serializers.CharField()
    after = serializers.CharField()


class QuoteOut(serializers.Serializer):
    """What a price means for both sides, in minor units."""

    price = serializers.IntegerField()
    client_fee = serializers.IntegerField()
    client_pays = serializers.IntegerField()
    freelancer_fee = serializers.IntegerField()
    freelancer_gets = serializers.IntegerField()


class QuoteIn(serializers.Serializer):
    currency = serializers.CharField(max_length=3)
    amounts = serializers.ListField(
        child=AmountIn(),
        min_length=1,
        max_length=terms.MAX_MILESTONES,
        help_text="One per milestone, in minor units.",
    )


class BidFileOut(FileOut):
    """A file of a bid, and where it is fetched."""

    url = serializers.SerializerMethodField()

    @extend_schema_field(serializers.URLField)
    def get_url(self, file: BidFile) -> str:
        ids = [file.bid.public_id, file.stored.public_id]
        return settings.SITE_URL + reverse("api-bid-file", args=ids)


class WordingOut(serializers.Serializer):
    """The terms of one wording."""

    price = serializers.IntegerField(allow_null=True, help_text="In minor units.")
    days = serializers.IntegerField(allow_null=True)
    letter = serializers.CharField(allow_null=True, help_text="Markdown.")
    plan = PlannedMilestone(many=True, allow_null=True)
    valid_until = serializers.DateTimeField(allow_null=True)
    answers = AnswersField(allow_null=True)
    files = serializers.SerializerMethodField(help_text="Of this wording.")

    @extend_schema_field(BidFileOut(many=True, allow_null=True))
    def get_files(self, wording: Bid | BidVersion) -> list[dict[str, Any]]:
        return BidFileOut(files_in(wording), many=True).data


class BidVersionOut(WordingOut):
    """One wording of a bid, and when it was written."""

    version = serializers.SerializerMethodField()
    written_at = serializers.SerializerMethodField()

    @extend_schema_field(serializers.IntegerField())
    def get_version(self, wording: Bid | BidVersion) -> int:
        return wording.version if isinstance(wording, Bid) else wording.number

    @extend_schema_field(serializers.DateTimeField())
    def get_written_at(self, wording: Bid | BidVersion) -> Any:
        return wording.worded_at if isinstance(wording, Bid) else wording.created_at


class BidOut(WordingOut):
    """A bid as its author or the client sees it; to the client a withdrawn one has no terms."""

    id = serializers.CharField(source="public_id")
    posting = serializers.CharField(source="posting.public_id")
    posting_title = serializers.CharField(source="posting.title")
    client = PartyOut(source="posting.client")
    freelancer = PartyOut()
    awards = serializers.IntegerField(
        source="posting.awards", help_text="How many freelancers its client means to choose."
    )
    awards_made = serializers.SerializerMethodField(
        help_text="How many of them are hired; with the last one the bids that are left are over."
    )
    role = serializers.SerializerMethodField(help_text="Your side of it.")
    currency = serializers.CharField()
    quote = serializers.SerializerMethodField()
    version = serializers.IntegerField()
    status = serializers.ChoiceField(Bid.Status.choices)
    declined_for = serializers.ChoiceField(DeclinedFor.choices, allow_null=True)
    status_reason = serializers.CharField(
        source="reason_in_words", help_text="Why it was declined, as people read it."
    )
    created_at = serializers.DateTimeField()
    edited_at = serializers.DateTimeField(allow_null=True)
    renewed_at = serializers.DateTimeField(allow_null=True)
    closed_at = serializers.DateTimeField(allow_null=True)
    next_steps = serializers.SerializerMethodField(help_text="What you can do to it right now.")

    @extend_schema_field(serializers.IntegerField())
    def get_awards_made(self, bid: Bid) -> int:
        return awards_made(bid)

    @extend_schema_field(serializers.ChoiceField((CLIENT, FREELANCER)))
    def get_role(self, bid: Bid) -> str | None:
        return role_in(bid, self.context["request"].user)

    @extend_schema_field(QuoteOut(allow_null=True))
    def get_quote(self, bid: Bid) -> dict[str, int]:
        amounts = [milestone["amount"] for milestone in bid.plan]
        return QuoteOut(quote(amounts, self._policy)).data

    @cached_property
    def _policy(self) -> Policy:
        """Read once for a whole list: one serializer draws all its rows."""
        return policy_in_force()

    @extend_schema_field(serializers.ListField(child=serializers.CharField()))
    def get_next_steps(self, bid: Bid) -> list[str]:
        return open_steps(bid, self.context["request"].user)

    def to_representation(self, bid: Bid) -> dict[str, Any]:
        shown = super().to_representation(bid)
        shown["declined_for"] = bid.declined_for or None
        if not shows_terms(bid, self.context["request"].user):
            hidden = ("price", "days", "letter", "plan", "valid_until", "answers", "files", "quote")
            shown |= dict.fromkeys(hidden)
        return shown


class BidInFullOut(BidOut):
    """The same with what an outage has put off."""

    put_off = serializers.SerializerMethodField(
        help_text="Why it is valid for longer than was offered (Milepost was down), or empty."
    )

    def get_put_off(self, bid: Bid) -> str:
        is_read = shows_terms(bid, self.context["request"].user)
        return why_later(bid.public_id, bid.valid_until) if is_read else ""


class DeclineIn(DeclineNoteIn):
    """Why a client declines a bid; its author reads both."""

    reason = serializers.ChoiceField(REASONS)


class TermsIn(serializers.Serializer):
    """The terms of a bid; in an edit those that change."""

    price = AmountIn(help_text="In minor units: the sum of the plan.")
    days = serializers.IntegerField(min_value=1, max_value=terms.MAX_DAYS)
    letter = serializers.CharField(max_length=terms.LONGEST_LETTER, help_text="Markdown.")
    plan = serializers.ListField(
        child=PlannedMilestone(), min_length=1, max_length=terms.MAX_MILESTONES
    )
    valid_until = DeadlineIn(help_text="1 to 60 days ahead; a day alone is its last minute.")
    answers = AnswersField(required=False)


class RenewalIn(serializers.Serializer):
    """Until when the bid stands."""

    valid_until = DeadlineIn(
        help_text="At least a day later than the present one; at most 60 days ahead, and not after "
        "the posting's `choose_by`."
    )


class BidIn(TermsIn):
    """A bid; its ``currency`` is the posting's, if it is given at all."""

    currency = serializers.CharField(max_length=3, required=False)


class BidEditIn(TermsIn):
    """What changes of a bid; each file that comes takes the place of the one of the same name."""

    remove_files = serializers.ListField(
        child=serializers.CharField(max_length=40),
        max_length=100,
        required=False,
        help_text="The ids of the files that go.",
    )


class _FilesIn(serializers.Serializer):
    plan = JsonTextIn(help_text="The JSON of the list.")
    answers = JsonTextIn(required=False, help_text="The JSON of the answers by their questions.")
    files = UploadsIn()


class BidFilesIn(_FilesIn, BidIn):
    """The same, with files; ``plan`` and ``answers`` are JSON."""


class BidEditFilesIn(_FilesIn, BidEditIn):
    """The same, with files; ``plan`` and ``answers`` are JSON."""
