"""What freelancers do to be paid: set up their payouts, and put right what stands in the way."""

from projects.management.simulation.http import Person, set_up_payouts


def onboard(payee: tuple[str, Person]) -> None:
    """Set up payouts in this country, where that was not done before."""
    _, person = payee
    account = person.get("payout-account/", fine=404)
    if not account or account["status"] != "active":
        _hand_in(payee)


def put_right(payee: tuple[str, Person]) -> None:
    """Hand in what the provider asks for. A payout that failed is tried again with new details;
    where something is owed, that comes first, and the payout is cancelled.
    """
    _, person = payee
    failed = [it for it in person.get("payouts/")["results"] if "retry" in it["next_steps"]]
    account = person.get("payout-account/", fine=404)
    if failed or (account and account["status"] == "restricted"):
        _hand_in(payee)
    owed = {row["currency"]: row["owed"] for row in person.get("earnings/")["currencies"]}
    for payout in failed:
        deed = "cancel" if owed[payout["currency"]] else "retry"
        # Too early while the provider still looks at the new details.
        person.post(f"payouts/{payout['id']}/{deed}/", fine=409)


def not_yet_paid(person: Person) -> int:
    """Minor units that have not reached the bank yet. Less than a bank is sent waits for more."""
    rests = [
        (row["available"] + row["clearing"] + row["on_its_way"], row["least"])
        for row in person.get("earnings/")["currencies"]
    ]
    return sum(rest for rest, least in rests if rest >= least)


def _hand_in(payee: tuple[str, Person]) -> None:
    country, person = payee
    url = person.post("payout-account/", {"country": country})["url"]
    set_up_payouts(person.instance, url, name=person.name, country=country)
