"""What the other side is told of a milestone that was delivered, or has ended."""

from marketplace.common.words import Words

SUBMITTED = Words(
    "“%(title)s” has been delivered. Approve it or ask for changes by %(due)s; after that it is "
    "approved by itself."
)
RELEASED = Words("“%(title)s” is approved and %(amount)s released.")
RELEASED_BY_SILENCE = Words(
    "“%(title)s” is approved and %(amount)s released, since the review period is over."
)
# By the step that cancelled it. Of the freelancer's right to do so at any time nothing is said.
CANCELLED = {
    "cancel": Words("“%(title)s” is cancelled."),
    "cancel_unfunded": Words("“%(title)s” is cancelled: the client did not fund it in time."),
    "drop": Words("“%(title)s” is cancelled: it was not funded yet."),
    "cancel_late": Words("“%(title)s” is cancelled: the delivery was late."),
    "cancel_idle": Words("“%(title)s” is cancelled: the work was never started."),
}
