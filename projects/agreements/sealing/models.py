"""What the platform itself has signed: both acceptances of a wording, under a key that stays known."""

from django.db import models

from marketplace.common.clock import now
from projects.contracts.models import Agreement


class SigningKey(models.Model):
    """The public half of every key that ever sealed anything. Written with its first seal, so that
    no rotation can lose it; PostgreSQL keeps it as it is.
    """

    key_id = models.CharField(max_length=16, primary_key=True)
    public_key = models.CharField(max_length=64)
    first_used_at = models.DateTimeField(default=now)

    def __str__(self) -> str:
        return self.key_id


class Seal(models.Model):
    """The signature of the platform (Ed25519, in hex) over ``body``, and never another one.

    ``body`` is canonical JSON: which version of which contract, its SHA-256, and of both sides who
    accepted it, when, and how they showed that it was they.
    """

    agreement = models.OneToOneField(Agreement, on_delete=models.PROTECT, related_name="seal")
    body = models.TextField()
    key = models.ForeignKey(SigningKey, on_delete=models.PROTECT, related_name="seals")
    signature = models.CharField(max_length=128)
    created_at = models.DateTimeField(default=now)

    def __str__(self) -> str:
        return f"{self.agreement_id}: {self.key_id}"
