"""Doors of this floor."""

from django.urls import include, path

from projects.web import (
    agreement_files,
    agreements,
    bids,
    bonuses,
    calendar,
    changes,
    choosing,
    confidentiality,
    contracts,
    counters,
    disputes,
    evidence,
    extensions,
    funding,
    givebacks,
    home,
    invitations,
    messages,
    milestones,
    part_release,
    postings,
    proposals,
    questions,
    register,
    rules,
    screening,
    simulations,
    statements,
)
from projects.web.desk import assigning as desk_assigning
from projects.web.desk import audit, cases, chargebacks, conversations, holds, mails, overview
from projects.web.desk import confirming as desk_confirming
from projects.web.desk import disputes as desk_disputes
from projects.web.desk import figures as desk_figures
from projects.web.desk import filters as saved
from projects.web.desk import givebacks as desk_givebacks
from projects.web.desk import money as desk_money
from projects.web.desk import payouts as desk_payouts
from projects.web.desk import refunds as desk_refunds
from projects.web.desk import templates as desk_templates

urlpatterns = [
    *simulations.ROUTES,
    # Postings
    path("", home.show_home, name="home"),
    path("rules/", rules.show_rules, name="rules"),
    path("rules/decisions/", register.show_register, name="register"),
    path("my/postings/", postings.list_own_postings, name="my-postings"),
    path("postings/", postings.list_postings, name="browse"),
    path("postings/new/", postings.create_posting, name="posting-create"),
    path("postings/<str:public_id>/", postings.show_posting, name="posting"),
    path("postings/<str:public_id>/edit/", postings.edit_posting, name="posting-edit"),
    path("postings/<str:public_id>/publish/", postings.create_publication, name="posting-publish"),
    path("postings/<str:public_id>/close/", postings.create_closing, name="posting-close"),
    path("postings/<str:public_id>/suspend/", postings.create_suspension, name="posting-suspend"),
    path("postings/<str:public_id>/restore/", postings.create_restoration, name="posting-restore"),
    path("postings/<str:public_id>/files/", postings.create_files, name="posting-files"),
    path("postings/<str:public_id>/files/<str:file_id>/", postings.show_file, name="posting-file"),
    path(
        "postings/<str:public_id>/files/<str:file_id>/remove/",
        postings.remove_file,
        name="posting-file-remove",
    ),
    *invitations.ROUTES,
    *questions.ROUTES,
    *screening.ROUTES,
    *confidentiality.ROUTES,
    # Bids
    path("my/bids/", bids.list_own_bids, name="my-bids"),
    path("postings/<str:public_id>/bid/", bids.create_bid, name="bid-create"),
    *choosing.ROUTES,
    path("bids/quote/", bids.show_quote, name="bid-quote"),
    path("bids/<str:public_id>/", bids.show_bid, name="bid"),
    path("bids/<str:public_id>/files/<str:file_id>/", bids.show_file, name="bid-file"),
    path("bids/<str:public_id>/edit/", bids.edit_bid, name="bid-edit"),
    path("bids/<str:public_id>/renew/", bids.create_renewal, name="bid-renew"),
    path("bids/<str:public_id>/withdraw/", bids.create_withdrawal, name="bid-withdraw"),
    path("bids/<str:public_id>/shortlist/", bids.create_shortlisting, name="bid-shortlist"),
    path("bids/<str:public_id>/unlist/", bids.remove_shortlisting, name="bid-unlist"),
    path("bids/<str:public_id>/decline/", bids.create_decline, name="bid-decline"),
    # Contracts
    path("bids/<str:public_id>/counter/", counters.create_counter, name="bid-counter"),
    path(
        "counter-offers/<str:public_id>/accept/", counters.create_acceptance, name="counter-accept"
    ),
    path(
        "counter-offers/<str:public_id>/counter/",
        counters.answer_with_another,
        name="counter-counter",
    ),
    path(
        "counter-offers/<str:public_id>/decline/", counters.create_decline, name="counter-decline"
    ),
    path(
        "counter-offers/<str:public_id>/withdraw/",
        counters.create_withdrawal,
        name="counter-withdraw",
    ),
    path("bids/<str:public_id>/award/", agreements.create_award, name="bid-award"),
    path("contracts/", contracts.list_contracts, name="my-work"),
    path("contracts/<str:public_id>/", contracts.show_contract, name="contract"),
    # Messages: a bid's go on in its contract
    *(
        route
        for of in ("bid", "contract")
        for route in (
            path(
                f"{of}s/<str:public_id>/messages/",
                messages.show_messages,
                {"of": of},
                name=f"{of}-messages",
            ),
            path(
                f"{of}s/<str:public_id>/messages/read/",
                messages.create_read_mark,
                {"of": of},
                name=f"{of}-read",
            ),
            path(
                f"{of}s/<str:public_id>/messages/export/",
                messages.export_messages,
                {"of": of},
                name=f"{of}-messages-export",
            ),
        )
    ),
    path(
        "messages/<str:public_id>/files/<str:file_id>/",
        messages.show_message_file,
        name="message-file",
    ),
    path("contracts/<str:public_id>/bonus/", bonuses.create_bonus, name="bonus-create"),
    path(
        "contracts/<str:public_id>/give-back/",
        givebacks.create_giveback,
        name="giveback-create",
    ),
    *changes.ROUTES,
    *extensions.ROUTES,
    *calendar.ROUTES,
    path("givebacks/<str:public_id>/accept/", givebacks.create_acceptance, name="giveback-accept"),
    path("givebacks/<str:public_id>/decline/", givebacks.create_decline, name="giveback-decline"),
    path(
        "givebacks/<str:public_id>/withdraw/",
        givebacks.create_withdrawal,
        name="giveback-withdraw",
    ),
    path("bonuses/<str:public_id>/pay/", bonuses.create_bonus_payment, name="bonus-pay"),
    path(
        "bonuses/<str:public_id>/withdraw/",
        bonuses.create_bonus_withdrawal,
        name="bonus-withdraw",
    ),
    path("contracts/<str:public_id>/timeline/", contracts.show_timeline, name="contract-timeline"),
    path("contracts/<str:public_id>/accept/", contracts.create_acceptance, name="contract-accept"),
    path("contracts/<str:public_id>/decline/", contracts.create_decline, name="contract-decline"),
    path(
        "contracts/<str:public_id>/withdraw/",
        contracts.create_withdrawal,
        name="contract-withdraw",
    ),
    path("contracts/<str:public_id>/agreement/", agreements.show_agreement, name="agreement"),
    path(
        "contracts/<str:public_id>/agreement.json",
        agreements.show_agreement_json,
        name="agreement-json",
    ),
    *agreement_files.ROUTES,
    # Statements
    path("verify_evidence.py", evidence.show_checker, name="evidence-checker"),
    path("statements/", statements.list_statements, name="statements"),
    path(
        "contracts/<str:public_id>/statement/",
        statements.show_contract_statement,
        name="contract-statement",
    ),
    path(
        "contracts/<str:public_id>/statement.json",
        statements.download_contract_statement,
        {"form": "json"},
        name="contract-statement-json",
    ),
    path(
        "contracts/<str:public_id>/statement.csv",
        statements.download_contract_statement,
        {"form": "csv"},
        name="contract-statement-csv",
    ),
    # Milestones
    path(
        "milestones/<str:public_id>/release-part/",
        part_release.create_part_release,
        name="milestone-release-part",
    ),
    path("milestones/<str:public_id>/fund/", funding.create_funding, name="milestone-fund"),
    path("milestones/<str:public_id>/start/", milestones.create_start, name="milestone-start"),
    path(
        "milestones/<str:public_id>/submit/", milestones.create_submission, name="milestone-submit"
    ),
    path("milestones/<str:public_id>/return/", milestones.create_return, name="milestone-return"),
    path(
        "milestones/<str:public_id>/release/", milestones.create_release, name="milestone-release"
    ),
    path(
        "milestones/<str:public_id>/cancel/",
        milestones.create_cancellation,
        name="milestone-cancel",
    ),
    path(
        "submissions/<str:public_id>/files/<str:file_id>/",
        milestones.show_submission_file,
        name="submission-file",
    ),
    # Ending by consent
    path("milestones/<str:public_id>/propose/", proposals.create_proposal, name="proposal-create"),
    path("proposals/<str:public_id>/accept/", proposals.create_acceptance, name="proposal-accept"),
    path("proposals/<str:public_id>/decline/", proposals.create_decline, name="proposal-decline"),
    path(
        "proposals/<str:public_id>/withdraw/",
        proposals.create_withdrawal,
        name="proposal-withdraw",
    ),
    # Disputes
    *disputes.ROUTES,
    path("disputes/<str:public_id>/evidence.zip", evidence.download_evidence, name="evidence"),
    # Desk
    *desk_assigning.ROUTES,
    *desk_confirming.ROUTES,
    *desk_templates.ROUTES,
    path("desk/audit/", audit.list_entries, name="desk-audit"),
    path("desk/", overview.show_desk, name="desk"),
    path(
        "desk/refunds/<str:public_id>/retry/",
        overview.create_refund_retry,
        name="desk-refund-retry",
    ),
    path(
        "desk/refunds/<str:public_id>/settle/",
        desk_refunds.settle_refund,
        name="desk-refund-settle",
    ),
    *desk_money.ROUTES,
    *desk_payouts.ROUTES,
    path(
        "desk/payouts/<str:public_id>/retry/",
        overview.create_payout_retry,
        name="desk-payout-retry",
    ),
    path("desk/chargebacks/", chargebacks.list_chargebacks, name="desk-chargebacks"),
    path("desk/chargebacks/<str:public_id>/", chargebacks.show_chargeback, name="desk-chargeback"),
    path(
        "desk/chargebacks/<str:public_id>/accept/",
        chargebacks.create_acceptance,
        name="desk-chargeback-accept",
    ),
    path("desk/givebacks/", desk_givebacks.list_givebacks, name="desk-givebacks"),
    path("desk/givebacks/<str:public_id>/", desk_givebacks.show_giveback, name="desk-giveback"),
    path("desk/filters/", saved.create_filter, name="desk-filters"),
    path("desk/filters/<str:public_id>/forget/", saved.create_forgetting, name="filter-forget"),
    *holds.ROUTES,
    path("desk/mails/", mails.list_mails, name="desk-mails"),
    path("desk/mails/<str:public_id>/retry/", mails.create_retry, name="desk-mail-retry"),
    path("desk/disputes/", desk_disputes.list_cases, name="desk-disputes"),
    path("desk/disputes/figures/", desk_figures.show_figures, name="desk-dispute-figures"),
    path("desk/disputes/<str:public_id>/", cases.show_case, name="desk-dispute"),
    path(
        "desk/disputes/<str:public_id>/rulings/",
        cases.create_ruling,
        name="desk-dispute-rulings",
    ),
    path(
        "desk/disputes/<str:public_id>/messages/",
        conversations.show_conversation,
        name="desk-dispute-messages",
    ),
    path(
        "desk/disputes/<str:public_id>/messages/files/<str:file_id>/",
        conversations.show_conversation_file,
        name="desk-dispute-message-file",
    ),
    path(
        "desk/disputes/<str:public_id>/evidence.zip",
        evidence.download_case_evidence,
        name="desk-evidence",
    ),
    path(
        "desk/disputes/<str:public_id>/files/<str:file_id>/",
        cases.show_file,
        name="desk-dispute-file",
    ),
    path("api/v1/", include("projects.api.urls")),
]
