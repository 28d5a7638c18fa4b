"""Who may reach which page and which call of a dispute: Ada has opened it against Ben."""

from tests.access_line import EVERYBODY, SIDES, SIGNED_IN, Line

WORDS = {"statement": "It rained."}

DISPUTES = [
    Line("dispute-create", "GET POST", SIDES, of="submitted"),
    Line("dispute", "GET", SIDES, of="dispute"),
    Line("dispute-answer", "POST", "ben", of="dispute", sees="ada", body=WORDS),
    Line("dispute-statements", "POST", SIDES, of="dispute", body=WORDS),
    Line("dispute-mediation", "POST", SIDES, of="dispute"),
    Line("dispute-acceptance", "POST", SIDES, of="dispute"),
    Line("dispute-appeal", "POST", SIDES, of="dispute", body=WORDS),
    Line("api-milestone-disputes", "POST", SIDES, of="submitted"),
    Line("api-disputes", "GET", SIGNED_IN),
    Line("api-silence", "GET", EVERYBODY),
    Line("register", "GET", EVERYBODY),
    Line("api-register", "GET", EVERYBODY),
    Line("api-register-json", "GET", EVERYBODY),
    Line("api-register-csv", "GET", EVERYBODY),
    Line("evidence", "GET", SIDES, of="dispute"),
    Line("api-dispute-evidence", "GET", SIDES, of="dispute"),
    Line("evidence-checker", "GET", EVERYBODY),
    Line("api-dispute", "GET", SIDES, of="dispute"),
    Line("api-dispute-answer", "POST", "ben", of="dispute", sees="ada", body=WORDS),
    Line("api-dispute-statements", "POST", SIDES, of="dispute", body=WORDS),
    Line("api-dispute-mediation", "POST", SIDES, of="dispute"),
    Line("api-dispute-acceptance", "POST", SIDES, of="dispute"),
    Line("api-dispute-appeals", "POST", SIDES, of="dispute", body=WORDS),
    Line("dispute-figure", "POST", SIDES, of="dispute"),
    Line("desk-templates", "GET POST", "dora"),
    Line("desk-template", "GET POST", "dora", of="template"),
    Line("desk-template-delete", "POST", "dora", of="template"),
    Line("desk-dispute-assignment", "POST", "dora", of="dispute"),
    Line("api-desk-dispute-assignments", "GET POST", "dora", of="dispute"),
    Line("api-desk-dispute-give-up", "POST", "dora", of="dispute"),
    Line("desk-ruling-confirm", "POST", "dora", of="proposed_ruling"),
    Line("desk-ruling-return", "POST", "dora", of="proposed_ruling"),
    Line("api-desk-dispute-rulings", "GET", "dora", of="dispute"),
    Line("api-desk-ruling-confirm", "POST", "dora", of="proposed_ruling"),
    Line("api-desk-ruling-return", "POST", "dora", of="proposed_ruling", body={"why": "No."}),
    Line("api-sealed-offers", "GET PUT DELETE", SIDES, of="dispute"),
]
