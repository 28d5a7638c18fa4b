"""What was found on file, as the decision by a row says it."""

from marketplace.common.clock import said
from marketplace.common.money import in_words
from projects.disputes.silence.facts import Facts


def found_in_words(facts: Facts, currency: str) -> str:
    """Each fact that the table reads, a line each; amounts are of ``currency``."""
    held, asked = (in_words(amount, currency) for amount in (facts.price_held, facts.asked_for))
    spoke_at = facts.spoke_at(facts.silent)
    lines = [
        f"The {facts.opened_by} opened it on {said(facts.opened_at)} and asked that {asked} of the "
        f"{held} that are held of the price go to the freelancer.",
        f"The work was due on {said(facts.due_at)}.",
        _delivery(facts),
        *_files(facts),
        f"The {facts.silent} did not answer, and "
        + (
            f"last wrote or proposed something on {said(spoke_at)}."
            if spoke_at
            else "has written or proposed nothing since the contract was signed."
        ),
    ]
    return "\n".join(lines)


def _delivery(facts: Facts) -> str:
    if facts.delivered_at is None:
        return "Nothing was delivered."
    says = "says" if facts.is_all_met else "does not say"
    changes = "asked for changes" if facts.returned else "asked for no changes"
    return (
        f"The newest delivery is of {said(facts.delivered_at)} and {says} of every criterion that "
        f"it is met; the client {changes}."
    )


def _files(facts: Facts) -> list[str]:
    """Where the table asks for them."""
    if facts.table < 2:
        return []
    sent = "had sent a file" if facts.has_sent_files else "had sent no file"
    return [f"The freelancer {sent} in a message before the dispute."]
