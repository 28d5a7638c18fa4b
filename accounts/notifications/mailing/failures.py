"""What a mail server says when it does not take a mail."""

import smtplib

_LONGEST = 200


def is_final(problem: OSError) -> bool:
    """Whether asking again is of no use: the server will never take a mail for this address."""
    if not isinstance(problem, smtplib.SMTPRecipientsRefused):
        return False
    return all(500 <= code < 600 for code, _ in problem.recipients.values())


def reason_of(problem: OSError) -> str:
    """In the server's words, as one line that fits."""
    if isinstance(problem, smtplib.SMTPRecipientsRefused):
        words = "; ".join(_answer(*said) for said in problem.recipients.values())
    elif isinstance(problem, smtplib.SMTPResponseException):
        words = _answer(problem.smtp_code, problem.smtp_error)
    else:
        words = str(problem)
    return " ".join(words.split())[:_LONGEST] or "The mail server gave no reason."


def _answer(code: int, words: bytes | str) -> str:
    said = words.decode("utf-8", "replace") if isinstance(words, bytes) else words
    return f"{code} {said}"
