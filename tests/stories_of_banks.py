"""What banks do to money, as it is done: stories of ``deeds_of_banks.py``."""

from accounts.parties.selectors import own_party_of
from accounts.people.models import User
from payments.fundings.models import Payment
from payments.gateway.base import State
from payments.payouts.recovering.services import recover
from projects.contracts.banks.services import tell_chargeback
from projects.milestones.services import release_milestone
from tests.money_stories import Story, payment_of, sent_out, told_of
from tests.payments.chargeback_world import Bank
from tests.world import (
    funded_milestone,
    submitted_milestone,
)


def inquiry(ada: User, ben: User, **_: User) -> Story:
    bank = Bank(payment_of(funded_milestone(ada, ben)))
    yield
    tell_chargeback(news_id=bank.asks().news.get().pk)


def taken_before(ada: User, ben: User, **_: User) -> Story:
    bank = Bank(payment_of(funded_milestone(ada, ben)))
    yield
    bank.takes()


def taken_in_part(ada: User, ben: User, **_: User) -> Story:
    bank = Bank(payment_of(funded_milestone(ada, ben)), 50_000)
    yield
    bank.takes()


def taken_twice(ada: User, ben: User, **_: User) -> Story:
    payment = payment_of(funded_milestone(ada, ben))
    Bank(payment, 50_000).takes()
    yield
    Bank(payment, 30_000).takes()


def _released(ada: User, ben: User) -> Bank:
    done = submitted_milestone(ada, ben)
    release_milestone(milestone_id=done.pk, by=ada)
    return Bank(payment_of(done))


def taken_after(ada: User, ben: User, **_: User) -> Story:
    bank = _released(ada, ben)
    yield
    bank.takes()


def _paid_out(ada: User, ben: User) -> Bank:
    payout = sent_out(ada, ben)
    told_of(payout, State.DONE)
    return Bank(Payment.objects.get())


def taken_after_payout(ada: User, ben: User, **_: User) -> Story:
    bank = _paid_out(ada, ben)
    yield
    bank.takes()


def recovered(ada: User, ben: User, **_: User) -> Story:
    _paid_out(ada, ben).takes()
    another = submitted_milestone(ada, ben, 50_000)
    yield
    release_milestone(milestone_id=another.pk, by=ada)
    recover(party_id=own_party_of(ben).pk, currency="USD")


def won(ada: User, ben: User, **_: User) -> Story:
    bank = _released(ada, ben)
    bank.takes()
    yield
    bank.gives_back()


def lost(ada: User, ben: User, **_: User) -> Story:
    bank = Bank(payment_of(funded_milestone(ada, ben)))
    bank.takes()
    yield
    bank.keeps()
