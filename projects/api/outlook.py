"""What happens next, in the shapes of the API."""

from rest_framework import serializers

from marketplace.common.lifecycle import CLIENT, FREELANCER


class StrikeOut(serializers.Serializer):
    """What time will do; not ``by_itself``: from then on somebody may. Amounts are minor units."""

    kind = serializers.CharField()
    at = serializers.DateTimeField(allow_null=True)
    text = serializers.CharField()
    by_itself = serializers.BooleanField()
    stops = serializers.CharField(help_text="How it can be stopped, or empty.")
    put_off = serializers.CharField(
        help_text="Why it comes later than was agreed (Milepost was down), or empty."
    )
    to_freelancer = serializers.IntegerField()
    fee = serializers.IntegerField()
    to_client = serializers.IntegerField()


class MilestoneNextOut(serializers.Serializer):
    """The clocks of one milestone, the next first."""

    milestone = serializers.CharField(source="milestone.public_id")
    title = serializers.CharField(source="milestone.title")
    status = serializers.CharField(source="milestone.status")
    happens = StrikeOut(many=True, source="outlook.strikes")


class TurnOut(serializers.Serializer):
    """What this side should do next; ``waits`` where there is nothing to do."""

    title = serializers.CharField()
    text = serializers.CharField()
    waits = serializers.BooleanField()
    when = serializers.CharField(help_text="What ``at`` is, in words.")
    at = serializers.DateTimeField(allow_null=True)
    step = serializers.CharField()
    about = serializers.CharField(
        help_text="The proposal, dispute, giveback or bonus that is to be answered or paid, by its "
        "id; empty where it is none of these."
    )
    milestone = serializers.CharField(source="milestone.public_id", default=None, allow_null=True)


class NextOut(serializers.Serializer):
    """What happens next and when, if nobody acts; and what you can do."""

    contract = serializers.CharField(source="prospects.contract.public_id")
    status = serializers.CharField(source="prospects.contract.status")
    role = serializers.ChoiceField([CLIENT, FREELANCER])
    now = serializers.DateTimeField()
    your_turn = TurnOut(source="turn")
    happens = StrikeOut(many=True, source="strikes")
    milestones = MilestoneNextOut(many=True, source="prospects.milestones")
