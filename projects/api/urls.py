"""The API of this floor, below ``/api/v1/``."""

from django.urls import path

from projects.api import (
    bids,
    bonuses,
    calendar,
    changes,
    confidentiality,
    contracts,
    counters,
    desk,
    desk_cases,
    desk_chargebacks,
    desk_figures,
    desk_givebacks,
    desk_holds,
    desk_mails,
    desk_messages,
    disputes,
    evidence,
    givebacks,
    invitations,
    messages,
    milestones,
    next,
    postings,
    proofs,
    proposals,
    questions,
    register,
    screening,
    sealed_offers,
    silence,
    simulations,
    statements,
)

urlpatterns = [
    # Postings
    *postings.ROUTES,
    *invitations.ROUTES,
    *questions.ROUTES,
    *screening.ROUTES,
    *confidentiality.ROUTES,
    *counters.ROUTES,
    # Bids
    *bids.ROUTES,
    # Contracts
    *proofs.ROUTES,
    path("bids/<str:public_id>/award/", contracts.AwardView.as_view(), name="api-bid-award"),
    path("contracts/", contracts.ContractsView.as_view(), name="api-contracts"),
    path(
        "contracts/<str:public_id>/bonuses/",
        bonuses.ContractBonusesView.as_view(),
        name="api-contract-bonuses",
    ),
    *calendar.ROUTES,
    *changes.ROUTES,
    *givebacks.ROUTES,
    *desk_givebacks.ROUTES,
    *messages.ROUTES,
    *desk_mails.ROUTES,
    *desk_messages.ROUTES,
    path("bonuses/<str:public_id>/pay/", bonuses.PayBonusView.as_view(), name="api-bonus-pay"),
    path(
        "bonuses/<str:public_id>/withdraw/",
        bonuses.WithdrawBonusView.as_view(),
        name="api-bonus-withdraw",
    ),
    path("contracts/<str:public_id>/", contracts.ContractView.as_view(), name="api-contract"),
    path(
        "contracts/<str:public_id>/accept/",
        contracts.AcceptView.as_view(),
        name="api-contract-accept",
    ),
    path(
        "contracts/<str:public_id>/decline/",
        contracts.DeclineView.as_view(),
        name="api-contract-decline",
    ),
    path(
        "contracts/<str:public_id>/withdraw/",
        contracts.WithdrawView.as_view(),
        name="api-contract-withdraw",
    ),
    path(
        "contracts/<str:public_id>/agreement/",
        contracts.AgreementView.as_view(),
        name="api-contract-agreement",
    ),
    path(
        "contracts/<str:public_id>/statement/",
        statements.ContractStatementView.as_view(),
        {"form": "json"},
        name="api-contract-statement",
    ),
    path(
        "contracts/<str:public_id>/statement.csv",
        statements.ContractStatementView.as_view(),
        {"form": "csv"},
        name="api-contract-statement-csv",
    ),
    path(
        "contracts/<str:public_id>/timeline/",
        contracts.TimelineView.as_view(),
        name="api-contract-timeline",
    ),
    *next.ROUTES,
    *simulations.ROUTES,
    path(
        "contracts/<str:public_id>/milestones/",
        milestones.ContractMilestonesView.as_view(),
        name="api-contract-milestones",
    ),
    # Milestones
    path("milestones/<str:public_id>/", milestones.MilestoneView.as_view(), name="api-milestone"),
    path(
        "milestones/<str:public_id>/fund/",
        milestones.FundView.as_view(),
        name="api-milestone-fund",
    ),
    path(
        "milestones/<str:public_id>/start/",
        milestones.StartView.as_view(),
        name="api-milestone-start",
    ),
    path(
        "milestones/<str:public_id>/submissions/",
        milestones.SubmissionsView.as_view(),
        name="api-milestone-submissions",
    ),
    path(
        "submissions/<str:public_id>/files/<str:file_id>/",
        milestones.SubmissionFileView.as_view(),
        name="api-submission-file",
    ),
    path(
        "milestones/<str:public_id>/return/",
        milestones.ReturnView.as_view(),
        name="api-milestone-return",
    ),
    path(
        "milestones/<str:public_id>/release/",
        milestones.ReleaseView.as_view(),
        name="api-milestone-release",
    ),
    path(
        "milestones/<str:public_id>/release-part/",
        milestones.ReleasePartView.as_view(),
        name="api-milestone-release-part",
    ),
    path(
        "milestones/<str:public_id>/cancel/",
        milestones.CancelView.as_view(),
        name="api-milestone-cancel",
    ),
    # Ending by consent
    path(
        "milestones/<str:public_id>/proposals/",
        proposals.MilestoneProposalsView.as_view(),
        name="api-milestone-proposals",
    ),
    path("proposals/<str:public_id>/", proposals.ProposalView.as_view(), name="api-proposal"),
    path(
        "proposals/<str:public_id>/accept/",
        proposals.AcceptView.as_view(),
        name="api-proposal-accept",
    ),
    path(
        "proposals/<str:public_id>/decline/",
        proposals.DeclineView.as_view(),
        name="api-proposal-decline",
    ),
    path(
        "proposals/<str:public_id>/withdraw/",
        proposals.WithdrawView.as_view(),
        name="api-proposal-withdraw",
    ),
    # Disputes
    *evidence.ROUTES,
    path(
        "milestones/<str:public_id>/disputes/",
        disputes.MilestoneDisputesView.as_view(),
        name="api-milestone-disputes",
    ),
    path("disputes/", disputes.DisputesView.as_view(), name="api-disputes"),
    *register.ROUTES,
    path("disputes/silence/", silence.SilenceView.as_view(), name="api-silence"),
    path("disputes/<str:public_id>/", disputes.DisputeView.as_view(), name="api-dispute"),
    path(
        "disputes/<str:public_id>/answer/",
        disputes.AnswerView.as_view(),
        name="api-dispute-answer",
    ),
    path(
        "disputes/<str:public_id>/mediation/",
        disputes.MediationView.as_view(),
        name="api-dispute-mediation",
    ),
    path(
        "disputes/<str:public_id>/acceptance/",
        disputes.AcceptanceView.as_view(),
        name="api-dispute-acceptance",
    ),
    path(
        "disputes/<str:public_id>/appeals/",
        disputes.AppealsView.as_view(),
        name="api-dispute-appeals",
    ),
    path(
        "disputes/<str:public_id>/statements/",
        disputes.StatementsView.as_view(),
        name="api-dispute-statements",
    ),
    path(
        "disputes/<str:public_id>/sealed-offers/",
        sealed_offers.SealedOffersView.as_view(),
        name="api-sealed-offers",
    ),
    # Desk
    *desk_figures.ROUTES,
    path("desk/disputes/", desk.DeskDisputesView.as_view(), name="api-desk-disputes"),
    path(
        "desk/disputes/<str:public_id>/",
        desk.DeskDisputeView.as_view(),
        name="api-desk-dispute",
    ),
    path(
        "desk/disputes/<str:public_id>/preview/",
        desk.PreviewView.as_view(),
        name="api-desk-dispute-preview",
    ),
    path(
        "desk/disputes/<str:public_id>/decide/",
        desk.DecideView.as_view(),
        name="api-desk-dispute-decide",
    ),
    *desk_cases.ROUTES,
    path(
        "desk/chargebacks/",
        desk_chargebacks.DeskChargebacksView.as_view(),
        name="api-desk-chargebacks",
    ),
    path(
        "desk/chargebacks/<str:public_id>/",
        desk_chargebacks.DeskChargebackView.as_view(),
        name="api-desk-chargeback",
    ),
    path(
        "desk/chargebacks/<str:public_id>/evidence/",
        desk_chargebacks.ChargebackEvidenceView.as_view(),
        name="api-desk-chargeback-evidence",
    ),
    path(
        "desk/chargebacks/<str:public_id>/accept/",
        desk_chargebacks.ChargebackAcceptanceView.as_view(),
        name="api-desk-chargeback-accept",
    ),
    *desk_holds.ROUTES,
    path("desk/refunds/", desk.DeskRefundsView.as_view(), name="api-desk-refunds"),
    path(
        "desk/refunds/<str:public_id>/retry/",
        desk.RefundRetryView.as_view(),
        name="api-desk-refund-retry",
    ),
    path(
        "desk/refunds/<str:public_id>/settle/",
        desk.RefundSettleView.as_view(),
        name="api-desk-refund-settle",
    ),
    path("desk/payouts/", desk.DeskPayoutsView.as_view(), name="api-desk-payouts"),
    path(
        "desk/payouts/<str:public_id>/retry/",
        desk.PayoutRetryView.as_view(),
        name="api-desk-payout-retry",
    ),
]
