"""What a program shows at the API's door instead of a password."""

from django.conf import settings
from django.db import models

from marketplace.common.clock import now
from marketplace.common.public_ids import PublicIdField


class ApiToken(models.Model):
    """A token of the API. Only its hash is kept: the token itself is shown once."""

    public_id = PublicIdField(prefix="tk")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="auth_token_set"
    )
    name = models.CharField(max_length=80)
    digest = models.CharField(max_length=128, primary_key=True)
    created_at = models.DateTimeField(default=now)

    def __str__(self) -> str:
        return self.name
