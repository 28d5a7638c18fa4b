"""What happens next, in the shapes of the API."""

from rest_framework import serializers

from marketplace.common.lifecycle import CLIENT, FREELANCER


class StopOut(serializers.Serializer):
    """Somebody of this role stops the clock by this step."""

    role = serializers.ChoiceField([CLIENT, FREELANCER])
    step = serializers.CharField()


class StrikeOut(serializers.Serializer):
    """What time will do; not ``by_itself``: from then on somebody may. Amounts are minor units."""

    kind = serializers.CharField()
    at = serializers.DateTimeField(allow_null=True)
    text = serializers.CharField()
    by_itself = serializers.BooleanField()
    step = serializers.CharField(
        help_text="What happens then, as the lifecycle table names it; empty where nothing does."
    )
    by = serializers.CharField(help_text="Whose step that is: system, client, mediator; or empty.")
    stops = serializers.CharField(help_text="How it can be stopped, in words, or empty.")
    stopped_by = StopOut(many=True, help_text="Who can stop it right now, and by which step.")
    put_off = serializers.CharField(
        help_text="Why it comes later than was agreed (Milepost was down), or empty."
    )
    to_freelancer = serializers.IntegerField()
    fee = serializers.IntegerField()
    to_client = serializers.IntegerField()


class SilenceOut(serializers.Serializer):
    """Where all that is held goes, in minor units, and by when the last of it has gone."""

    at = serializers.DateTimeField(allow_null=True)
    to_freelancer = serializers.IntegerField()
    fee = serializers.IntegerField()
    to_client = serializers.IntegerField()


class MilestoneNextOut(serializers.Serializer):
    """The clocks of one milestone, the next first.

    ``if_nobody_acts``: where the money that is held for it goes in the end; null while none is.
    """

    milestone = serializers.CharField(source="milestone.public_id")
    title = serializers.CharField(source="milestone.title")
    status = serializers.CharField(source="milestone.status")
    currency = serializers.CharField(source="milestone.currency")
    happens = StrikeOut(many=True, source="outlook.strikes")
    if_nobody_acts = StrikeOut(source="outlook.end", allow_null=True)


class OneMilestoneNextOut(MilestoneNextOut):
    """What happens next to this milestone and when, if nobody acts; and what you can do."""

    contract = serializers.CharField(source="milestone.contract.public_id")
    role = serializers.ChoiceField([CLIENT, FREELANCER])
    now = serializers.DateTimeField()
    next_steps = serializers.ListField(child=serializers.CharField())


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


class StandstillOut(serializers.Serializer):
    """A side is suspended from new business, and this contract goes on. Who is not it may let it
    finish, propose to end it (``price_held`` is divided, the rest of ``held`` goes back), or leave.
    Amounts are minor units.
    """

    is_you = serializers.BooleanField(source="is_own")
    can_hand_over = serializers.BooleanField(
        help_text="Whether you may end it and have the rest drafted as a posting (`hand_over`)."
    )
    until = serializers.DateTimeField(source="hold.closes_at")
    held = serializers.IntegerField()
    price_held = serializers.IntegerField()
    back_if_you_leave = serializers.IntegerField(
        source="leaving.returned", default=None, help_text="Null where you cannot leave alone now."
    )


class NextOut(serializers.Serializer):
    """What happens next and when, if nobody acts; and what you can do."""

    contract = serializers.CharField(source="prospects.contract.public_id")
    status = serializers.CharField(source="prospects.contract.status")
    role = serializers.ChoiceField([CLIENT, FREELANCER])
    now = serializers.DateTimeField()
    currency = serializers.CharField(source="prospects.contract.currency")
    your_turn = TurnOut(source="turn")
    happens = StrikeOut(many=True, source="strikes")
    if_nobody_acts = SilenceOut(
        source="prospects.silence", allow_null=True, help_text="Null while nothing is held."
    )
    standstill = StandstillOut(allow_null=True, help_text="Null while neither side is suspended.")
    milestones = MilestoneNextOut(many=True, source="prospects.milestones")
