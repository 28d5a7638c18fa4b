"""What the provider asks of a payee, as they should read it."""

_WORDS = {
    "given_name": "Your first name",
    "surname": "Your last name",
    "date_of_birth": "Your date of birth",
    "address": "Your address",
    "email": "Your email address",
    "phone": "Your phone number",
    "id_numbers": "Your tax or identity number",
    "documents": "A document that proves who you are",
    "default_outbound_destination": "Your bank account",
    "terms_of_service": "Your consent to the provider's terms",
}


def requirement_in_words(name: str) -> str:
    """``identity.individual.surname`` → Your last name."""
    for part in reversed(name.split(".")):
        if part in _WORDS:
            return _WORDS[part]
    return name.replace("_", " ").replace(".", " · ").capitalize()
