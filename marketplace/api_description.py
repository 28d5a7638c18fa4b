"""What the API says of itself, for those who write programs for it: part of the settings."""

DESCRIPTION = """Amounts are whole minor units beside a currency of ISO 4217. Times are in UTC, also
those in sentences, which name it.

A refusal is `{"error": {"code", "message", "param"}}`: a code for programs, a sentence for people,
and the field at fault, if one is.

**Repeating a call.** Send an `Idempotency-Key` with a POST, one for each deed, and repeat the call
with the same key where no answer came, or one of 5xx. The answer is committed together with the
deed, so the deed is done once, whatever broke in between, and every repetition gets the same status
and body, marked by `Idempotent-Replayed: true`; a refusal of 4xx is an answer, too (429 is none,
nor is one that says in `Retry-After` when to come again).
Keys are one person's own and are kept for 7 days. While the first call is under way the others get
409 `idempotency_in_progress` and, in `Retry-After`, when to come again; another body or address
with the same key gets 409 `key_reused`.

**Signing.** Whoever signs an agreement, or a change of one, or accepts the confidentiality of a
posting, gives their `password` with the call: a token alone, which a program keeps for months,
signs nothing.
"""

SETTINGS = {
    "TITLE": "Milepost",
    "VERSION": "1",
    "DESCRIPTION": DESCRIPTION,
    "OAS_VERSION": "3.1.0",
    "SERVE_INCLUDE_SCHEMA": False,
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "SWAGGER_UI_DIST": "SIDECAR",
    # Several things have a status: each list of them is named after its thing.
    "ENUM_NAME_OVERRIDES": {
        "PostingStatus": "projects.postings.models.Posting.Status",
        "PostingKind": "projects.postings.models.Posting.Kind",
        "ScreeningQuestionKind": "projects.screening.models.ScreeningQuestion.Kind",
        "InvitationStatus": "projects.invitations.models.Invitation.Status",
        "BidStatus": "projects.bids.models.Bid.Status",
        "BidDeclinedFor": "projects.bids.models.DeclinedFor",
        "BidDeclineReason": "projects.api.bid_shapes.REASONS",
        "OfferDeclinedFor": "projects.contracts.models.DeclinedFor",
        "OfferDeclineReason": "projects.api.contracts.REASONS",
        "ContractStatus": "projects.contracts.models.Contract.Status",
        "MilestoneStatus": "projects.milestones.models.Milestone.Status",
        "ProposalStatus": "projects.agreements.models.Proposal.Status",
        "ChangeOrderStatus": "projects.agreements.changes.models.ChangeOrder.Status",
        "CounterOfferStatus": "projects.bids.counters.models.CounterOffer.Status",
        "HoldKind": "accounts.holds.models.Hold.Kind",
        "HoldStatus": "accounts.holds.models.Hold.Status",
        "DisputeReason": "projects.disputes.models.Dispute.Reason",
        "RulingGround": "projects.disputes.grounds.Ground",
        "ProposedRulingStatus": "projects.disputes.confirming.models.ProposedRuling.Status",
        "DisputeStatus": "projects.disputes.models.Dispute.Status",
        "ChargebackStatus": "payments.chargebacks.models.Chargeback.Status",
        "EscrowStatus": "payments.escrow.models.Escrow.Status",
        "PaymentStatus": "payments.fundings.models.Payment.Status",
        "RefundStatus": "payments.refunds.models.Refund.Status",
        "ProposedDeedStatus": "payments.reconciliation.confirming.models.ProposedDeed.Status",
        "PayoutOutcome": "payments.payouts.attesting.services.Outcome",
        "PayoutStatus": "payments.payouts.models.Payout.Status",
        "PayoutAccountStatus": "payments.payees.models.ConnectedAccount.Status",
    },
}
