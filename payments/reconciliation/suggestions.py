"""What finance can do about a difference: in words, and where."""

from collections.abc import Callable
from dataclasses import dataclass

from django.db.models import Q
from django.urls import reverse

from accounts.holds.models import STANDING as HOLD_STANDS
from payments.payees.models import ConnectedAccount
from payments.payouts.models import LIFECYCLE, Payout
from payments.payouts.selectors import payouts_to_attest
from payments.reconciliation.findings import ADVICE, DEEDS, K, deeds_for
from payments.reconciliation.looking import is_closed, standing_at_payees
from payments.reconciliation.models import Difference

S = Payout.Status
CANCELLABLE = LIFECYCLE.steps["cancel"].source


@dataclass(frozen=True)
class Suggestion:
    """``text`` says what to do; or, where nothing can be done here, what to wait or to look for.
    ``label`` names the page where it is done, at ``path``: both empty where that is a button of the
    line itself, or the provider's own desk.
    """

    text: str
    label: str = ""
    path: str = ""


def suggestion_for(difference: Difference) -> Suggestion:
    """For the line and its page; of every kind there is one."""
    kind = Difference.Kind(difference.kind)
    return _BY_HOW_IT_STANDS[kind](difference) if kind in _BY_HOW_IT_STANDS else _plain(difference)


def suggested_on_line(difference: Difference) -> Suggestion:
    """The same in a few words, for a list: the first of its deeds, or where it is done. Its page
    says the rest.
    """
    page = reverse("difference", args=[difference.public_id])
    if deeds := deeds_for(difference):
        return Suggestion("", DEEDS[deeds[0]].label, page)
    suggestion = suggestion_for(difference)
    return suggestion if suggestion.path else Suggestion("", "Wait, or ask the provider", page)


def _plain(difference: Difference) -> Suggestion:
    return Suggestion(ADVICE[Difference.Kind(difference.kind)])


# --- A sum ---------------------------------------------------------------------------------------


def _of_a_sum(difference: Difference) -> Suggestion:
    if difference.account:
        return Suggestion(
            "Read the account’s own balance report at the provider beside the payee’s payouts, and "
            "look for a movement of this amount that only one of them has. The line goes with the "
            "run after both agree. Where no report has such a movement, ask the provider.",
            *_payouts_at(difference.account),
        )
    return Suggestion(
        "Compare the provider’s own balance report with both sides of the runs since the last one "
        "that agreed: look for a movement of this amount, or for one of half of it that is booked "
        "with the other sign. The line goes with the run after both agree. Where no report has "
        "such a movement, ask the provider.",
        "Both sides of each run",
        reverse("reconciliation-runs"),
    )


def _payouts_at(account: str) -> tuple[str, str]:
    """The payouts of whoever has it, or had it."""
    theirs = Q(remote_id=account) | Q(past_remote_ids__contains=[account])
    owner = ConnectedAccount.objects.filter(theirs).select_related("party").first()
    words = f"?words={owner.party.public_id}" if owner else ""
    return "The payee’s payouts", reverse("desk-payouts") + words


# --- An account that says nothing ----------------------------------------------------------------


def _of_a_silent_account(difference: Difference) -> Suggestion:
    account = difference.account
    if not is_closed(account):
        return Suggestion(
            "Wait: the next run asks again, within the hour, and the line goes as soon as the "
            "account answers. If it stays, look at the provider whether it was closed there or "
            "taken from the platform, and ask the provider why it says nothing."
        )
    there = standing_at_payees().filter(attempts__destination=account).distinct().order_by("pk")
    found = [_of_what_stands_there(payout) for payout in there]
    # What somebody can do comes before what is only waited for.
    found.sort(key=lambda one: not one.path)
    gone = "The line goes with the next run: nothing of ours is there any more."
    return found[0] if found else Suggestion(f"Wait. {gone}")


def _of_what_stands_there(payout: Payout) -> Suggestion:
    goes = "The line goes when nothing of ours is there any more."
    if payouts_to_attest().filter(pk=payout.pk).exists() and payout.cancel_wished_at is None:
        return Suggestion(
            f"The account was closed with {payout} there. Find out at the provider’s desk, or from "
            f"the payee’s bank, what became of it, and say so. {goes}",
            "Say what became of it",
            reverse("desk-payout-attest", args=[payout.public_id]),
        )
    if payout.status in CANCELLABLE and payout.cancel_wished_at is None:
        return Suggestion(
            f"The account was closed, and the money of {payout} is there: cancel it, which takes "
            "its transfer back. Where the provider refuses that, say at the desk what became of "
            f"it. {goes}",
            "Cancel the payout",
            reverse("desk-payout-cancel", args=[payout.public_id]),
        )
    if payout.status == S.HELD and payout.cancel_wished_at is None and payout.hold is not None:
        return Suggestion(
            f"The account was closed with {payout} there, and the payout is held here: nobody asks "
            "the provider for it meanwhile. Once it is held no longer, cancel it, which takes its "
            f"transfer back. {goes}",
            "Why it is held",
            reverse("desk-hold", args=[payout.hold.public_id]),
        )
    return Suggestion(
        f"Wait: the provider is asked to take {payout} back from the account, which was closed, or "
        f"how it stands. {goes}"
    )


# --- A transfer that somebody took back ----------------------------------------------------------


def _of_a_reversal(difference: Difference) -> Suggestion:
    payout = Payout.objects.select_related("hold").filter(public_id=difference.about).first()
    if difference.deed == "own_funds":
        return Suggestion(
            "Somebody took it back at the provider’s own desk, and the payout is over here: the "
            "money is the platform’s. Book it as our own money, or send it there again and ask the "
            "provider who took it."
        )
    if difference.deed or payout is None:
        return _plain(difference)
    if payouts_to_attest().filter(pk=payout.pk).exists():
        return Suggestion(
            "Somebody took it back, or a part of it, at the provider’s own desk, and the account "
            "was closed since. Find out there what became of the payout, and say so: the next run "
            "then says what is to be booked.",
            "Say what became of it",
            reverse("desk-payout-attest", args=[payout.public_id]),
        )
    if payout.hold is not None and payout.hold.status in HOLD_STANDS and payout.status == S.HELD:
        return Suggestion(
            "Somebody took it back, or a part of it, at the provider’s own desk, while the payout "
            "is held here. Take back all of it there; once it is held no longer, this line offers "
            "to cancel our payout.",
            "Why it is held",
            reverse("desk-hold", args=[payout.hold.public_id]),
        )
    if payout.status in CANCELLABLE and difference.net == payout.amount:
        return Suggestion(
            "All of it was taken back at the provider’s own desk. Wait: the next run offers to "
            "cancel our payout here, and the payee is paid by the next one.",
            "All runs",
            reverse("reconciliation-runs"),
        )
    if payout.status in CANCELLABLE:
        return Suggestion(
            "Only a part was taken back at the provider’s own desk, and the rest does not pay the "
            "payout. Take the rest back there, too: this line then offers to cancel our payout, "
            "and the payee is paid by the next one.",
            *_payouts_at(difference.account),
        )
    if payout.status in (S.SENDING, S.IN_TRANSIT):
        return Suggestion(
            "Wait until our bank payout has arrived or failed: the next run then says what can be "
            "done. Meanwhile ask whoever took it back at the provider’s own desk to take back no "
            "more of it; look there for the reversals of this transfer."
        )
    return Suggestion(
        "Ask the provider: it says that a part of what it had taken back for us stands at the "
        "payee’s account again. Look there for the reversals of this transfer."
    )


# --- A movement ----------------------------------------------------------------------------------


def _of_a_movement(difference: Difference) -> Suggestion:
    if not difference.account:
        return _plain(difference)
    return Suggestion(
        "It moved money of the payee’s account, and none of the platform’s. Look it up at the "
        "provider by its id, and set it aside with what it was.",
        *_payouts_at(difference.account),
    )


_BY_HOW_IT_STANDS: dict[Difference.Kind, Callable[[Difference], Suggestion]] = {
    K.SUM: _of_a_sum,
    K.SILENT: _of_a_silent_account,
    K.TRANSFER_REVERSED: _of_a_reversal,
    K.MOVEMENT: _of_a_movement,
}
