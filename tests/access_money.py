"""Who may reach which page and which call of money that is stuck: finance, at the desk."""

from tests.access_line import Line

ATTESTED = {"outcome": "arrived", "reason": "The bank says so."}

MONEY_AT_THE_DESK = [
    Line("desk-deed", "GET", "dora", of="deed"),
    Line("desk-deed-confirm", "POST", "dora", of="deed"),
    Line("desk-deed-return", "POST", "dora", of="deed", body={"why": "There is no transfer."}),
    Line("api-desk-deeds", "GET", "dora"),
    Line("api-desk-deed", "GET", "dora", of="deed"),
    Line("api-desk-deed-confirm", "POST", "dora", of="deed"),
    Line("api-desk-deed-return", "POST", "dora", of="deed", body={"why": "There is no transfer."}),
    Line("desk-refund-retry", "POST", "dora", of="refund"),
    Line("desk-refund-settle", "GET POST", "dora", of="refund", body={"reason": "By transfer."}),
    Line("desk-payouts", "GET", "dora"),
    Line("desk-payout-retry", "POST", "dora", of="payout"),
    Line("desk-payout-attest", "GET POST", "dora", of="stranded payout", body=ATTESTED),
    Line("desk-payout-cancel", "GET POST", "dora", of="payout", body={"reason": "Its bank asks."}),
    Line("api-desk-payout-cancel", "POST", "dora", of="payout", body={"reason": "Its bank asks."}),
    Line("desk-limits", "GET", "dora"),
    Line("desk-payees", "GET", "dora"),
    Line("desk-refunds", "GET", "dora"),
    Line("desk-contracts", "GET", "dora"),
    Line("api-desk-limits", "GET", "dora"),
    Line("api-desk-payees", "GET", "dora"),
    Line("api-desk-contracts", "GET", "dora"),
    Line("api-desk-refunds", "GET", "dora"),
    Line("api-desk-payouts", "GET", "dora"),
    Line("api-desk-refund-retry", "POST", "dora", of="refund"),
    Line("api-desk-refund-settle", "POST", "dora", of="refund", body={"reason": "By transfer."}),
    Line("api-desk-payout-retry", "POST", "dora", of="payout"),
    Line("api-desk-payout-attest", "POST", "dora", of="stranded payout", body=ATTESTED),
]
