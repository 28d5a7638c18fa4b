"""What one side of a contract could end by itself now, as its page says it before it is done."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from projects.agreements.leaving.rules import Leaving
from projects.contracts.models import Contract
from projects.contracts.roles import role_in


class EndedByLeavingOut(serializers.Serializer):
    """A milestone that would end."""

    milestone = serializers.CharField(source="milestone.public_id")
    title = serializers.CharField(source="milestone.title")
    ground = serializers.CharField(
        help_text="The step by which it ends, as the lifecycle table names it: `cancel` (the "
        "freelancer can always give the money back), `cancel_unfunded` (the client did not fund it "
        "in time), `drop` (it is not funded), `cancel_late` (the delivery is late) or "
        "`cancel_idle` (the work was never started)."
    )
    returned = serializers.IntegerField(
        help_text="What goes back to the client: all that is held, the client's fee included."
    )


class LeavingOut(serializers.Serializer):
    """All that would end, unpaid, and with how much for the client; amounts are minor units.

    ``left`` are the ids of the milestones that keep their own course, submitted or disputed: the
    contract ends with the last of them.
    """

    milestones = EndedByLeavingOut(many=True, source="ended")
    returned = serializers.IntegerField()
    left = serializers.SerializerMethodField()

    @extend_schema_field(serializers.ListField(child=serializers.CharField()))
    def get_left(self, leaving: Leaving) -> list[str]:
        return [one.public_id for one in leaving.left]


class MayLeaveOut(serializers.Serializer):
    """What a contract says of it to whoever reads it."""

    leave_tag = serializers.SerializerMethodField(
        help_text="What leaving would end for you now; nothing where you cannot leave."
    )
    leaving = serializers.SerializerMethodField(help_text="The same in full, or null.")

    def get_leave_tag(self, contract: Contract) -> str:
        leaving = self.leaving_of(contract)
        return leaving.tag if leaving else ""

    @extend_schema_field(LeavingOut(allow_null=True))
    def get_leaving(self, contract: Contract) -> dict[str, Any] | None:
        leaving = self.leaving_of(contract)
        return LeavingOut(leaving).data if leaving else None

    def leaving_of(self, contract: Contract) -> Leaving | None:
        """Judged once for all that is said of it."""
        if "leaving" not in self.context:
            role = role_in(contract, self.context["request"].user)
            self.context["leaving"] = self.context["prospects"].leaving_of(role or "")
        return self.context["leaving"]
