"""What people do in the trade of these tests, one page after another, and what they then read.

The shop that Ben builds for Ada has two milestones, of 1,000.01 and 333.33 dollars. Three per cent
of these are 30.00 and 10.00, on each side.
"""

import re
from pathlib import Path

from tests.browser.visitor import Visitor
from tests.world import PASSWORD

EMAILS = {name: f"{name.lower()}@example.com" for name in ("Ada", "Ben", "Cleo", "Dora", "Hugo")}
LINK = "https://shop.example.com/"

# --- Signing up and in ---------------------------------------------------------------------------


def sign_up(person: Visitor) -> None:
    email = EMAILS[person.name]
    person.open("/")
    person.follow("Sign up")
    person.write(Your_name=person.name, Email=email, Password=PASSWORD)
    person.press("Create account")
    person.write(Code=code_for(person, email))
    person.press("Continue")
    person.sees(person.name, within=person.page.get_by_role("banner"))


def code_for(person: Visitor, email: str) -> str:
    """Read where the sandbox shows its mails, in a tab beside."""
    with person.context.expect_page() as opened:
        person.follow("outgoing mail")
    beside = opened.value
    beside.get_by_label("To", exact=True).fill(email)
    beside.get_by_role("button", name="Search").click()
    mail = beside.get_by_role("article").first.inner_text()
    beside.close()
    return re.search(r"^\s*([A-Z0-9]{3,}-?[A-Z0-9]{3,})\s*$", mail, re.MULTILINE)[1]


def log_in(person: Visitor) -> None:
    person.open("/")
    person.follow("Log in")
    person.write(Email=EMAILS[person.name], Password=PASSWORD)
    person.press("Log in")


# --- Posting, bidding, agreeing ------------------------------------------------------------------


def post_a_shop(ada: Visitor) -> None:
    ada.follow("Post a project")
    ada.write_by(
        {
            "What do you want done?": "A shop for handmade lamps",
            "Description": "A small shop with a basket and **card payments**.",
            "Skills": "Python, Web design",
            "Budget from": "900",
            "Budget up to": "1500",
        }
    )
    ada.press("Save as a draft")
    ada.sees("Draft", "Only you see the draft", "$900.00", "$1,500.00")
    ada.press("Publish")
    ada.sees("Open for bids", "Waiting for bids")


def bid_in_two_parts(ben: Visitor) -> None:
    ben.follow("Browse work")
    ben.follow("A shop for handmade lamps")
    ben.follow("Bid on this")
    ben.write(Your_letter="I have built three shops like this one.")
    first, second = ben.part("Milestone 1"), ben.part("Milestone 2")
    ben.write(first, What_you_deliver="A shop to click", Amount="1000.01", Due_on_day="10")
    ben.write(first, Done_when="A lamp can be bought with a card")
    ben.write(second, What_you_deliver="Handed over", Amount="333.33", Due_on_day="30")
    if not ben.has_script:
        ben.press("Preview the sums")
    ben.sees("$1,333.34", "$1,293.34", "$1,373.34")
    ben.press("Send the bid")
    ben.sees("With the client")
    ben.reads({"You receive": "$1,293.34", "The client pays": "$1,373.34"})


def bid_in_one_part(cleo: Visitor) -> None:
    log_in(cleo)
    cleo.follow("Browse work")
    cleo.follow("A shop for handmade lamps")
    cleo.follow("Bid on this")
    cleo.write(Your_letter="I would draw it first.")
    cleo.write(
        cleo.part("Milestone 1"), What_you_deliver="All of it", Amount="1400", Due_on_day="20"
    )
    cleo.press("Send the bid")
    cleo.sees("With the client")


def compare_and_award(ada: Visitor) -> None:
    open_notice(ada, "Ben bid $1,333.34")
    ada.press("Shortlist")
    ada.sees("On your shortlist")
    ada.follow("Bids on A shop for handmade lamps")
    of_cleo = ada.page.get_by_role("listitem").filter(has_text="Cleo")
    ada.press("Shortlist", within=of_cleo)
    ada.sees("Shortlisted", within=of_cleo)
    ada.follow("Compare")
    ada.sees("$1,333.34", "$1,373.34", "$1,293.34", "$1,400.00", "$1,442.00", "$1,358.00")
    ada.follow("Award")
    ada.sees("Ben gets", "$1,030.01", "$970.01", "$343.33", "$323.33")
    ada.write(Password=PASSWORD)
    ada.press("Sign and send the offer")
    ada.sees("Ben has your offer", "$1,373.34", "$1,293.34")


def award_the_only_bid(ada: Visitor) -> None:
    open_notice(ada, "Ben bid $1,333.34")
    ada.follow("Award")
    ada.write(Password=PASSWORD)
    ada.press("Sign and send the offer")
    ada.sees("Ben has your offer")


def accept(ben: Visitor) -> None:
    open_notice(ben, "You are offered")
    ben.follow("Accept and sign")
    ben.sees("You get", "Without an answer it is approved and released by itself")
    ben.write(Password=PASSWORD)
    ben.press("Accept and sign")
    ben.sees("Active", "Ada funds")


# --- Work and money ------------------------------------------------------------------------------


def fund_with_the_third_card(ada: Visitor) -> None:
    open_notice(ada, "is agreed")
    ada.press("Fund with $1,030.01")
    ada.press(re.compile("^Is declined … 0002"))
    ada.sees("Your card was declined.")
    ada.press(re.compile("^Asks for 3-D Secure"))
    ada.press("Complete authentication")
    ada.reloads_until_it_sees("The money is held until you release it.")
    ada.follow("Back to the contract")
    ada.sees("Funds held", "Held$1,030.01")


def deliver_with_a_file(ben: Visitor, brief: Path) -> None:
    open_notice(ben, "is held for")
    ben.press("Start work")
    ben.follow("Submit work")
    ben.sees("A lamp can be bought with a card")
    ben.page.get_by_label("It is met").check()
    ben.write_by({"How, or what is missing": "Buy one with the card of the sandbox."})
    ben.write(What_you_deliver="It runs: a **lamp** can be bought.", Links=LINK)
    ben.page.get_by_label("Files").set_input_files(brief)
    ben.press("Submit")
    ben.sees("Version 1", "brief.txt", LINK, "In review")


def ask_for_changes(ada: Visitor) -> None:
    open_notice(ada, "has been delivered")
    ada.sees("Version 1", "brief.txt", LINK, "Buy one with the card of the sandbox.")
    ada.follow("Ask for changes")
    ada.sees("revision 1 of 3", "Buy one with the card of the sandbox.")
    ada.page.get_by_role("checkbox", name="A lamp can be bought with a card").check()
    ada.write(What_is_to_be_changed="The basket forgets its lamps.")
    ada.press("Ask for changes")
    ada.sees("Changes requested", "The basket forgets its lamps.", "Not met, says the client")


def deliver_again(ben: Visitor) -> None:
    open_notice(ben, "Changes are asked for")
    ben.follow("Submit work")
    ben.sees("The basket forgets its lamps.", "Not met, says the client")
    ben.page.get_by_label("It is met").check()
    ben.write_by({"How, or what is missing": "The basket keeps its lamps."})
    ben.write(What_you_deliver="It remembers them now.")
    ben.press("Submit")
    ben.sees("Version 2", "In review")


def approve(ada: Visitor) -> None:
    open_notice(ada, "has been delivered")
    ada.follow("Approve and release")
    ada.reads({"Held for it": "$1,030.01", "Ben gets": "$970.01"})
    ada.press("Approve and release $970.01")
    ada.reads({"Ada paid, with 3 % fee": "$1,030.01", "Ben got, less 3 % fee": "$970.01"})


def set_up_payouts(ben: Visitor) -> None:
    open_notice(ben, "is approved")
    ben.follow("Set up payouts")
    ben.choose("Country of your bank account", "Ireland")
    ben.press("Continue at the provider")
    ben.press("Finish")
    ben.reloads_until_it_sees("You are ready for payouts")


def wait_a_week_for_the_payout(ben: Visitor) -> None:
    ben.follow("Earnings", within=ben.page.get_by_role("banner"))
    ben.reads({"Clearing": "$970.01", "Paid to your bank": "$0.00"})
    ben.press("Move the clock 7 days ahead")
    ben.reloads_until_it_sees("−$970.01")
    # The payout's page follows the bank's word by itself.
    ben.follow("Payout", within=ben.part("Statement"))
    ben.sees("$970.01", "Paid to your bank")
    ben.follow("Earnings", within=ben.page.get_by_role("banner"))
    ben.reads({"Clearing": "$0.00", "On its way": "$0.00", "Paid to your bank": "$970.01"})
    statement = ben.part("Statement").get_by_role("row")
    ben.sees("Payout", "−$970.01", within=statement.nth(1))
    ben.sees("A shop to click", "$1,000.01", "$30.00", "$970.01", within=statement.nth(2))
    ben.follow("A shop to click", within=ben.part("Statement"))
    ben.sees_title("A shop for handmade lamps")


def fund_the_second(ada: Visitor) -> None:
    ada.follow("My work")
    ada.follow("A shop for handmade lamps")
    ada.press("Fund with $343.33")
    ada.press(re.compile("^Succeeds … 4242"))
    ada.reloads_until_it_sees("The money is held until you release it.")


# --- Disagreement --------------------------------------------------------------------------------


def deliver_too_little(ben: Visitor) -> None:
    open_notice(ben, "$333.33 is held for")
    ben.press("Start work")
    ben.follow("Submit work")
    ben.write(What_you_deliver="Here is the key.")
    ben.press("Submit")
    ben.sees("Version 1")


def open_a_dispute(ada: Visitor) -> None:
    open_notice(ada, "has been delivered")
    ada.unfold("More")
    ada.follow("Open a dispute")
    ada.pick("The work is not as agreed")
    ada.write_by({"What happened": "There is no guide.", "What the freelancer should get": "0"})
    ada.press_and_confirm("Open the dispute", "Open the dispute")
    ada.sees("Ben has to answer", "$333.33", "$343.33")


def answer_it(ben: Visitor) -> None:
    open_notice(ben, "A dispute is open")
    ben.write(Your_statement="A guide was not agreed on.")
    ben.press("Send the answer")
    ben.sees("Settle it between yourselves")


def fail_to_settle(ben: Visitor) -> None:
    ben.press("Move the clock 7 days ahead")
    ben.reloads_until_it_sees("A mediator is reading both sides")


def decide(dora: Visitor) -> None:
    log_in(dora)
    dora.follow("Desk")
    dora.follow("Handed over")
    dora.sees("There is no guide.", "A guide was not agreed on.", "Here is the key.")
    dora.write_by(
        {
            "Released to the freelancer": "100",
            "Facts found": "The key is here, and no guide.",
            "Rule applied": "What was agreed on.",
            "Reasons": "Both are a little right.",
        }
    )
    dora.choose("Of this kind", "What is as agreed in part is paid in part.")
    # 3 % of 100.00 each; what was held less all that goes back to Ada.
    dora.sees("$97.00", "$3.00", "$240.33")
    dora.press_and_confirm("Decide", "Decide")
    dora.sees("The decision", "$97.00", "$240.33")


def let_it_stand(ada: Visitor) -> None:
    """No money moves before the time to appeal is over, or both accept."""
    open_notice(ada, "is decided")
    ada.sees("The decision stands until", "Both are a little right.", "$240.33")
    ada.press("Move the clock 3 days ahead")
    ada.reloads_until_it_sees("The decision, carried out")


def see_how_it_ended(ada: Visitor, ben: Visitor) -> None:
    ada.follow("A shop for handmade lamps")
    ada.sees("Completed", "Refunded$240.33")
    ben.follow("Earnings", within=ben.page.get_by_role("banner"))
    ben.reads({"Clearing": "$97.00", "Paid to your bank": "$970.01"})


# --- Finding one's way ---------------------------------------------------------------------------


def open_notice(person: Visitor, text: str) -> None:
    """The bell in the header leads to what has happened."""
    person.follow(re.compile("^Notices"), within=person.page.get_by_role("banner"))
    person.reloads_until_it_sees(text)
    person.press(re.compile(f"^Open: .*{re.escape(text)}"))
