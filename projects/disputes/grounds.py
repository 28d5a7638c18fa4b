"""The rules by which mediators decide, each by a name of its own."""

from django.db import models


class Ground(models.TextChoices):
    """What a decision rests on, for the public register: of what a mediator writes it tells
    nothing.
    """

    AS_AGREED = "as_agreed", "What is as agreed is paid."
    NOT_DELIVERED = "not_delivered", "What is not delivered is not paid."
    NOT_AS_AGREED = "not_as_agreed", "What misses what was agreed is not paid."
    IN_PART = "in_part", "What is as agreed in part is paid in part."
    BEYOND = "beyond", "Nobody owes more than was agreed."
    LATE = "late", "Who is late bears what that costs the other side."
    HINDERED = "hindered", "Who keeps the other side from the work bears what that costs."
    UNPROVEN = "unproven", "What is not on file does not count."
    OTHER = "other", "Another rule"
