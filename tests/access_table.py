"""Who may reach which page and which call: one line a route and method.

A route that is not listed here is refused by ``tests/test_access.py``. ``may`` are those who come
through; ``sees`` are those who are told that it is not theirs to do (403), on a thing that they
may see. Everybody else gets 404. A visitor is sent to log in, or gets 401 from the API, unless
``visitor`` says otherwise.

``of`` names what the route is about, as ``tests/access_world.py`` makes it; ``body`` is sent where
the input is looked at before the person.
"""

from dataclasses import dataclass, field
from typing import Any

# Ada is the client of everything, Ben the freelancer, Cleo passes by, Dora has every staff role.
SIGNED_IN = "cleo ada ben dora"
EVERYBODY = f"visitor {SIGNED_IN}"
SIDES = "ada ben"


@dataclass(frozen=True)
class Line:
    route: str
    methods: str
    may: str
    of: str = ""
    sees: str = ""
    body: dict[str, Any] = field(default_factory=dict)
    visitor: str = "log in"
    # Pages of the library for sign-in: without an object, and with manners of their own. Of them
    # we only ask that they never break, and that visitors do not see those of members.
    is_foreign: bool = False


def foreign(route: str, may: str) -> Line:
    return Line(route, "GET", may, is_foreign=True)


REASON = {"reason": "Because."}
WORDS = {"statement": "It rained."}

LINES = [
    # --- The house -------------------------------------------------------------------------------
    Line("components", "GET", EVERYBODY),
    Line("health", "GET", EVERYBODY),
    Line("readiness", "GET", EVERYBODY),
    Line("metrics", "GET", EVERYBODY),
    Line("api-openapi", "GET", EVERYBODY),
    # Asked by a script: a page to log in would be of no use to it.
    Line("live", "GET", SIGNED_IN, visitor="not there"),
    Line("outbox", "GET", EVERYBODY),
    Line("clock-advance", "POST", EVERYBODY),
    Line("stripe-webhook", "POST", EVERYBODY),
    # --- People ----------------------------------------------------------------------------------
    foreign("account_login", EVERYBODY),
    foreign("account_logout", EVERYBODY),
    foreign("account_inactive", EVERYBODY),
    foreign("account_signup", EVERYBODY),
    foreign("account_reauthenticate", SIGNED_IN),
    foreign("account_email", SIGNED_IN),
    foreign("account_email_verification_sent", EVERYBODY),
    foreign("account_change_password", SIGNED_IN),
    foreign("account_set_password", SIGNED_IN),
    foreign("account_reset_password", EVERYBODY),
    foreign("account_confirm_login_code", EVERYBODY),
    foreign("account_confirm_password_reset_code", EVERYBODY),
    foreign("account_complete_password_reset", EVERYBODY),
    foreign("account_password_reset_completed", EVERYBODY),
    foreign("mfa_index", SIGNED_IN),
    foreign("mfa_authenticate", SIGNED_IN),
    foreign("mfa_reauthenticate", SIGNED_IN),
    foreign("mfa_activate_totp", SIGNED_IN),
    foreign("mfa_deactivate_totp", SIGNED_IN),
    foreign("mfa_view_recovery_codes", SIGNED_IN),
    foreign("mfa_generate_recovery_codes", SIGNED_IN),
    foreign("mfa_download_recovery_codes", SIGNED_IN),
    Line("profile", "GET", SIGNED_IN),
    Line("profile-edit", "GET POST", SIGNED_IN),
    Line("person", "GET", EVERYBODY, of="person"),
    Line("tokens", "GET POST", SIGNED_IN),
    Line("token-revocation", "POST", "ada", of="token"),
    Line("notices", "GET", SIGNED_IN),
    Line("notices-reading", "POST", SIGNED_IN),
    Line("notice-reading", "POST", "ada", of="notice"),
    Line("api-signup", "POST", EVERYBODY),
    Line("api-signup-confirm", "POST", EVERYBODY),
    Line("api-tokens", "GET", SIGNED_IN),
    Line("api-tokens", "POST", EVERYBODY),
    Line("api-token", "DELETE", "ada", of="token"),
    Line("api-password-reset", "POST", EVERYBODY),
    Line("api-password-reset-confirm", "POST", EVERYBODY),
    Line("api-me", "GET PATCH", SIGNED_IN),
    Line("api-totp", "GET POST DELETE", SIGNED_IN),
    Line("api-person", "GET", EVERYBODY, of="person"),
    Line("api-notifications", "GET", SIGNED_IN),
    Line("api-notifications-read-all", "POST", SIGNED_IN),
    Line("api-notification-read", "POST", "ada", of="notice"),
    # --- Money -----------------------------------------------------------------------------------
    Line("payment", "GET", "ada", of="payment"),
    Line("earnings", "GET", SIGNED_IN),
    Line("payouts", "GET POST", SIGNED_IN),
    Line("payout", "GET", "ben", of="payout"),
    Line("payout-retry", "POST", "ben", of="payout"),
    Line("payout-cancel", "POST", "ben", of="payout"),
    Line("payout-setup", "GET POST", SIGNED_IN),
    Line("payout-plan", "POST", SIGNED_IN),
    Line("payout-hold-answer", "POST", "ben", of="hold", body={"answer": "It was me."}),
    Line("payout-setup-return", "GET", SIGNED_IN),
    Line("payout-setup-refresh", "GET", SIGNED_IN),
    Line("statement-json", "GET", "ada", of="party"),
    Line("statement-csv", "GET", "ada", of="party"),
    Line("statement-checker", "GET", EVERYBODY),
    Line("api-own-statement", "GET", SIGNED_IN),
    Line("api-own-statement-csv", "GET", SIGNED_IN),
    Line("api-payment", "GET", "ada", of="payment"),
    Line("api-earnings", "GET", SIGNED_IN),
    Line("api-earnings-lines", "GET", SIGNED_IN),
    Line("api-payouts", "GET POST", SIGNED_IN),
    Line("api-payout", "GET", "ben", of="payout"),
    Line("api-payout-retry", "POST", "ben", of="payout"),
    Line("api-payout-cancel", "POST", "ben", of="payout"),
    Line("api-payout-holds", "GET", SIGNED_IN),
    Line("api-payout-hold-answer", "POST", "ben", of="hold", body={"answer": "It was me."}),
    Line("api-payout-plan", "GET PUT", SIGNED_IN),
    Line("api-payout-account", "GET", "ben"),
    Line("api-payout-account", "POST", SIGNED_IN),
    Line("api-policies", "GET", EVERYBODY),
    # --- Postings --------------------------------------------------------------------------------
    Line("home", "GET", EVERYBODY),
    Line("browse", "GET", EVERYBODY),
    Line("my-postings", "GET", SIGNED_IN),
    Line("posting-create", "GET POST", SIGNED_IN),
    Line("posting", "GET", EVERYBODY, of="posting"),
    Line("posting-edit", "GET POST", "ada", of="posting", sees="cleo ben dora"),
    Line("posting-publish", "POST", "ada", of="draft"),
    Line("posting-close", "GET POST", "ada", of="posting", sees="cleo ben dora"),
    Line("posting-suspend", "GET POST", "dora", of="posting", sees="cleo ada ben"),
    Line("posting-restore", "POST", "dora", of="suspended", sees="ada"),
    Line("posting-files", "POST", "ada", of="posting", sees="cleo ben dora"),
    Line("posting-file", "GET", EVERYBODY, of="posting_file"),
    Line("posting-file-remove", "POST", "ada", of="posting_file", sees="cleo ben dora"),
    Line("api-postings", "GET", SIGNED_IN),
    Line("api-postings", "POST", SIGNED_IN),
    Line("api-own-postings", "GET", SIGNED_IN),
    Line("api-posting", "GET", SIGNED_IN, of="posting"),
    Line("api-posting", "PATCH", "ada", of="posting", sees="cleo ben dora"),
    Line("api-posting-publish", "POST", "ada", of="draft"),
    Line("api-posting-close", "POST", "ada", of="posting", sees="cleo ben dora"),
    Line("api-posting-suspend", "POST", "dora", of="posting", sees="cleo ada ben", body=REASON),
    Line("api-posting-restore", "POST", "dora", of="suspended", sees="ada"),
    Line("api-posting-files", "POST", "ada", of="posting", sees="cleo ben dora"),
    Line("api-posting-file", "GET", SIGNED_IN, of="posting_file"),
    Line("api-posting-file", "DELETE", "ada", of="posting_file", sees="cleo ben dora"),
    # --- Bids ------------------------------------------------------------------------------------
    Line("my-bids", "GET", SIGNED_IN),
    Line("bid-quote", "GET", SIGNED_IN),
    Line("bid-create", "GET POST", "cleo ben dora", of="posting", sees="ada"),
    Line("posting-bids", "GET", "ada", of="posting"),
    Line("posting-compare", "GET", "ada", of="posting"),
    Line("bid", "GET", SIDES, of="bid"),
    Line("bid-edit", "GET POST", "ben", of="bid", sees="ada"),
    Line("bid-withdraw", "POST", "ben", of="bid", sees="ada"),
    Line("bid-shortlist", "POST", "ada", of="bid", sees="ben"),
    Line("bid-unlist", "POST", "ada", of="bid", sees="ben"),
    Line("bid-decline", "GET POST", "ada", of="bid", sees="ben"),
    Line("bid-award", "GET POST", "ada", of="bid", sees="ben"),
    Line("api-bids", "GET", SIGNED_IN),
    Line("api-bid-quotes", "POST", SIGNED_IN),
    Line("api-posting-bids", "GET", SIGNED_IN, of="posting"),
    Line("api-posting-bids", "POST", SIGNED_IN, of="posting"),
    Line("api-bid", "GET", SIDES, of="bid"),
    Line("api-bid", "PATCH", "ben", of="bid", sees="ada"),
    Line("api-bid-versions", "GET", SIDES, of="bid"),
    Line("api-bid-withdraw", "POST", "ben", of="bid", sees="ada"),
    Line("api-bid-shortlist", "POST", "ada", of="bid", sees="ben"),
    Line("api-bid-unlist", "POST", "ada", of="bid", sees="ben"),
    Line("api-bid-decline", "POST", "ada", of="bid", sees="ben", body=REASON),
    Line("api-bid-award", "POST", "ada", of="bid", sees="ben"),
    # --- Contracts -------------------------------------------------------------------------------
    Line("my-work", "GET", SIGNED_IN),
    Line("contract", "GET", SIDES, of="contract"),
    Line("contract-timeline", "GET", SIDES, of="contract"),
    Line("contract-accept", "POST", "ben", of="offer", sees="ada"),
    Line("contract-decline", "GET POST", "ben", of="offer", sees="ada"),
    Line("contract-withdraw", "GET POST", "ada", of="offer", sees="ben"),
    Line("agreement", "GET", SIDES, of="contract"),
    Line("agreement-json", "GET", SIDES, of="contract"),
    Line("statements", "GET", SIGNED_IN),
    # Whoever keeps the books of the house may read those of a contract.
    Line("contract-statement", "GET", f"{SIDES} dora", of="contract"),
    Line("contract-statement-json", "GET", f"{SIDES} dora", of="contract"),
    Line("contract-statement-csv", "GET", f"{SIDES} dora", of="contract"),
    Line("api-contract-statement", "GET", f"{SIDES} dora", of="contract"),
    Line("api-contract-statement-csv", "GET", f"{SIDES} dora", of="contract"),
    Line("api-contracts", "GET", SIGNED_IN),
    Line("api-contract", "GET", SIDES, of="contract"),
    Line("api-contract-accept", "POST", "ben", of="offer", sees="ada"),
    Line("api-contract-decline", "POST", "ben", of="offer", sees="ada"),
    Line("api-contract-withdraw", "POST", "ada", of="offer", sees="ben"),
    Line("api-contract-agreement", "GET", SIDES, of="contract"),
    Line("api-contract-timeline", "GET", SIDES, of="contract"),
    Line("api-contract-next", "GET", SIDES, of="contract"),
    Line("api-contract-milestones", "GET", SIDES, of="contract"),
    # --- Milestones ------------------------------------------------------------------------------
    Line("milestone-fund", "GET POST", "ada", of="planned", sees="ben"),
    Line("milestone-start", "POST", "ben", of="funded", sees="ada"),
    Line("milestone-submit", "GET POST", "ben", of="funded", sees="ada"),
    Line("milestone-return", "GET POST", "ada", of="submitted", sees="ben"),
    Line("milestone-release", "GET POST", "ada", of="submitted", sees="ben"),
    Line("milestone-cancel", "GET POST", "ben", of="funded", sees="ada"),
    Line("submission-file", "GET", SIDES, of="submission_file"),
    Line("api-milestone", "GET", SIDES, of="planned"),
    Line("milestone-release-part", "GET POST", "ada", of="funded", sees="ben"),
    Line("api-milestone-release-part", "POST", "ada", of="funded", sees="ben", body={"amount": 5}),
    Line("api-milestone-fund", "POST", "ada", of="planned", sees="ben"),
    Line("api-milestone-start", "POST", "ben", of="funded", sees="ada"),
    Line("api-milestone-submissions", "GET", SIDES, of="submitted"),
    Line(
        "api-milestone-submissions",
        "POST",
        "ben",
        of="funded",
        sees="ada",
        body={"note": "Here it is."},
    ),
    Line("api-milestone-return", "POST", "ada", of="submitted", sees="ben", body={"answer": "No."}),
    Line("api-milestone-release", "POST", "ada", of="submitted", sees="ben"),
    Line("api-milestone-cancel", "POST", "ben", of="funded", sees="ada", body={"ground": "cancel"}),
    Line("api-submission-file", "GET", SIDES, of="submission_file"),
    # --- Ending by consent: proposed by Ada, to be answered by Ben -------------------------------
    Line("proposal-create", "GET POST", SIDES, of="funded"),
    Line("proposal-accept", "POST", "ben", of="proposal", sees="ada"),
    Line("proposal-decline", "POST", "ben", of="proposal", sees="ada"),
    Line("proposal-withdraw", "POST", "ada", of="proposal", sees="ben"),
    Line("api-milestone-proposals", "GET POST", SIDES, of="funded"),
    Line("api-proposal", "GET", SIDES, of="proposal"),
    Line("api-proposal-accept", "POST", "ben", of="proposal", sees="ada"),
    Line("api-proposal-decline", "POST", "ben", of="proposal", sees="ada"),
    Line("api-proposal-withdraw", "POST", "ada", of="proposal", sees="ben"),
    # --- Disputes --------------------------------------------------------------------------------
    Line("dispute-create", "GET POST", SIDES, of="submitted"),
    Line("dispute", "GET", SIDES, of="dispute"),
    Line("dispute-answer", "POST", "ben", of="dispute", sees="ada", body=WORDS),
    Line("dispute-statements", "POST", SIDES, of="dispute", body=WORDS),
    Line("api-milestone-disputes", "POST", SIDES, of="submitted"),
    Line("api-disputes", "GET", SIGNED_IN),
    Line("api-dispute", "GET", SIDES, of="dispute"),
    Line("api-dispute-answer", "POST", "ben", of="dispute", sees="ada", body=WORDS),
    Line("api-dispute-statements", "POST", SIDES, of="dispute", body=WORDS),
    # --- Desk ------------------------------------------------------------------------------------
    Line("desk", "GET", "dora"),
    Line("reconciliation", "GET", "dora"),
    Line("reconciliation-runs", "GET POST", "dora"),
    Line("difference", "GET", "dora", of="difference"),
    Line("difference-settle", "POST", "dora", of="difference", body=REASON),
    Line("api-differences", "GET", "dora"),
    Line("api-difference", "GET", "dora", of="difference"),
    Line("api-difference-settle", "POST", "dora", of="difference", body=REASON),
    Line("api-reconciliations", "GET POST", "dora"),
    Line("desk-refund-retry", "POST", "dora", of="refund"),
    Line("desk-payout-retry", "POST", "dora", of="payout"),
    Line("desk-holds", "GET POST", "dora"),
    Line("desk-hold-lift", "POST", "dora", of="hold"),
    Line("desk-disputes", "GET", "dora"),
    Line("desk-dispute", "GET", "dora", of="dispute"),
    Line("desk-dispute-decide", "POST", "dora", of="dispute"),
    Line("desk-dispute-file", "GET", "dora", of="dispute_file"),
    Line("api-desk-disputes", "GET", "dora"),
    Line("api-desk-dispute", "GET", "dora", of="dispute"),
    Line("api-desk-dispute-preview", "POST", "dora", of="dispute"),
    Line("api-desk-dispute-decide", "POST", "dora", of="dispute"),
    Line("api-desk-dispute-agreement", "GET", "dora", of="dispute"),
    Line("api-desk-dispute-submissions", "GET", "dora", of="dispute"),
    Line("api-desk-dispute-file", "GET", "dora", of="dispute_file"),
    Line("api-desk-dispute-timeline", "GET", "dora", of="dispute"),
    Line("api-desk-holds", "GET POST", "dora"),
    Line("api-desk-hold-lift", "POST", "dora", of="hold"),
    Line("api-desk-refunds", "GET", "dora"),
    Line("api-desk-payouts", "GET", "dora"),
    Line("api-desk-refund-retry", "POST", "dora", of="refund"),
    Line("api-desk-payout-retry", "POST", "dora", of="payout"),
]
