"""A new SECRET_KEY, while the earlier one is still named."""

import pytest
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from cryptography.fernet import InvalidToken

from accounts.access import second_factor
from tests.accounts.test_log_in import code_of

pytestmark = pytest.mark.django_db

EARLIER, LATER = "e" * 60, "l" * 60


@pytest.fixture
def secret(ada, settings) -> str:
    """Of Ada's app, sealed with the earlier key."""
    settings.SECRET_KEY = EARLIER
    secret = generate_totp_secret()
    TOTP.activate(ada, secret)
    settings.SECRET_KEY = LATER
    return secret


def test_the_second_factor_outlives_a_new_key(ada, secret, settings):
    settings.SECRET_KEY_FALLBACKS = [EARLIER]

    assert second_factor.is_right(ada, code_of(secret))


def test_once_the_earlier_key_is_gone_its_seals_stay_shut(ada, secret):
    with pytest.raises(InvalidToken):
        second_factor.is_right(ada, code_of(secret))
