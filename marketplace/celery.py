"""The worker's app and the whole timetable."""

import os
import sys

from celery import Celery
from celery.signals import beat_init, worker_init

from marketplace.checks import problems
from marketplace.programs import PROVIDER_QUEUE

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "marketplace.settings")

app = Celery("milepost")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.conf.update(
    # The row is the queue: a lost message is found by a sweep, a doubled one by the lifecycle.
    task_acks_late=True,
    task_reject_on_worker_lost=True,
    task_ignore_result=True,
    worker_prefetch_multiplier=1,
    # A running task gets ten seconds to end; an idle worker goes at once.
    worker_soft_shutdown_timeout=10,
    task_time_limit=120,
    task_soft_time_limit=100,
    broker_connection_retry_on_startup=True,
    broker_transport_options={
        # Longer than any task may run; so that no task is given out twice while it runs.
        "visibility_timeout": 300,
        "unacked_restore_interval": 5,
        "unacked_restore_throttle": 1,
        # A silent broker hangs nobody; who rings at the door is less patient still (doorbell.py).
        "socket_timeout": 2,
        "socket_connect_timeout": 1,
    },
    # What speaks to the provider waits in a line of its own, so that a provider that hangs keeps
    # no clock and no notice waiting, where a worker of its own serves it (compose.yaml).
    task_routes={"payments.*": {"queue": PROVIDER_QUEUE}},
    # Celery would connect anew for each task, twice as much work as most of them are. Ours are
    # proved and renewed before each (live_in_the_present in tasks.py), as those of web are.
    CELERY_DB_REUSE_MAX=sys.maxsize,
    # In memory: with short intervals there is nothing to remember, and no file to break.
    beat_scheduler="celery.beat:Scheduler",
    timezone="UTC",
)
_TIMETABLE = {
    # Each of these has a bell as well: the sweeps find what a lost bell or answer left behind.
    # Somebody waits at the pay page or for their money, so they come soon.
    "handle-events": {"task": "payments.handle_due_events", "schedule": 5},
    "ask-about-payments": {"task": "payments.ask_about_due_payments", "schedule": 10},
    "send-refunds": {"task": "payments.send_due_refunds", "schedule": 10},
    # Before what was earned is paid out: whoever owes after a chargeback pays that first.
    "recover-debts": {"task": "payments.recover_debts", "schedule": 10},
    "schedule-payouts": {"task": "payments.schedule_due_payouts", "schedule": 10},
    "send-payouts": {"task": "payments.send_due_payouts", "schedule": 10},
    "cancel-payouts": {"task": "payments.cancel_due_payouts", "schedule": 20},
    # Most mails leave by their bell; this finds lost bells and mail servers that are back.
    "deliver-notifications": {"task": "accounts.deliver_due_notifications", "schedule": 20},
    # Whoever chose eight o'clock reads it by a minute past.
    "deliver-digests": {"task": "accounts.deliver_due_digests", "schedule": 60},
    # A hold is promised to end by the day.
    "end-holds": {"task": "projects.end_due_holds", "schedule": 30},
    # After days; a minute more or less harms nobody.
    "chase-hold-appeals": {"task": "projects.chase_hold_appeals", "schedule": 60},
    # Banks take weeks; our answer to one, whose own answer was lost, is asked for again.
    "ask-about-chargebacks": {"task": "payments.ask_about_chargebacks", "schedule": 20},
    # Whoever comes back from the provider's page wants to read that they are done.
    "ask-about-accounts": {"task": "payments.ask_about_accounts", "schedule": 20},
    # The shortest holding time is ten days.
    "note-countries": {"task": "payments.note_countries", "schedule": 60},
    # Nobody waits for it, but the books should agree with the provider's within the minute.
    "book-own-funds": {"task": "payments.book_own_funds", "schedule": 60},
    # Due once a day, by a row: most of these find nothing. It shows a moved clock and an outage.
    "reconcile": {"task": "payments.reconcile", "schedule": 30},
    # It bounds how much is added up by whoever reads an account of ours: at a thousand releases a
    # second the last two seconds of it take less than a millisecond.
    "take-snapshots": {"task": "payments.take_snapshots", "schedule": 2},
    # Two days before the provider's limit, and a day before the end of a hold.
    "let-held-payouts-go": {"task": "payments.let_held_payouts_go", "schedule": 60},
    "tell-that-holds-end": {"task": "payments.tell_that_holds_end", "schedule": 60},
    # Once a week for each payee; a minute more or less harms nobody.
    "remind-payees": {"task": "payments.remind_payees", "schedule": 60},
    "remind-of-payouts": {"task": "payments.remind_of_payouts", "schedule": 60},
    # /readyz asks whether it was answered within the last minute (marketplace/heartbeats.py).
    "beat-heart": {"task": "marketplace.beat_heart", "schedule": 10},
    # Two that fail in a row let the clocks wait, ten are an outage (marketplace/common/outages).
    "look-for-web": {"task": "marketplace.look_for_web", "schedule": 60},
    # A thousand a time; nothing depends on it but the size of a table.
    "prune-answers": {"task": "marketplace.prune_idempotency_records", "schedule": 60},
    # No clock that judges a side strikes before it is done.
    "make-up-for-outages": {"task": "projects.make_up_for_outages", "schedule": 5},
    # Bids and postings end by the day: half a minute is exact enough, and shows a moved clock.
    "remind-of-bids": {"task": "projects.remind_of_bids", "schedule": 30},
    "remind-of-choices": {"task": "projects.remind_of_choices", "schedule": 30},
    "lapse-bids": {"task": "projects.lapse_bids", "schedule": 30},
    "expire-postings": {"task": "projects.expire_postings", "schedule": 30},
    # Whoever has just paid waits to read so: the delivery time starts, both sides are told.
    "tell-fundings": {"task": "projects.tell_fundings", "schedule": 5},
    "tell-bonuses": {"task": "projects.tell_bonuses", "schedule": 10},
    # Banks take weeks, and both sides have had their mail: this writes the line.
    "tell-chargebacks": {"task": "projects.tell_chargebacks", "schedule": 20},
    # Days ahead of the bank's date.
    "remind-of-banks": {"task": "projects.remind_of_banks", "schedule": 60},
    # Money by silence: promised to the minute, and a moved sandbox clock is watched by people.
    "release-unreviewed": {"task": "projects.release_unreviewed_milestones", "schedule": 10},
    # Days ahead of what they warn of; and days are what the provider counts in.
    "warn-of-limits": {"task": "projects.warn_of_limits", "schedule": 60},
    "pull-reviews": {"task": "projects.pull_reviews", "schedule": 30},
    "pull-disputes": {"task": "projects.pull_disputes", "schedule": 30},
    "refund-at-limit": {"task": "projects.refund_at_limit", "schedule": 30},
    # Warnings are hours ahead of what they warn of.
    "tell-reminders": {"task": "projects.tell_reminders", "schedule": 15},
    # An offer lapses after days, and is refused from its minute on by the deed itself.
    "lapse-offers": {"task": "projects.lapse_offers", "schedule": 30},
    # Seen as lapsed from its minute on, and refused by the deed itself: this only writes it down.
    "lapse-givebacks": {"task": "projects.lapse_givebacks", "schedule": 20},
    "lapse-counters": {"task": "projects.lapse_counters", "schedule": 20},
    "lapse-changes": {"task": "projects.lapse_changes", "schedule": 20},
    "lapse-proposals": {"task": "projects.lapse_proposals", "schedule": 20},
    # Each end of a milestone rings; this finds what a lost bell left behind.
    "close-contracts": {"task": "projects.close_finished_contracts", "schedule": 30},
    # The times to answer a dispute and to settle it are days; a minute more or less harms nobody.
    "escalate-disputes": {"task": "projects.escalate_unanswered_disputes", "schedule": 30},
    "hand-over-disputes": {"task": "projects.hand_over_disputes", "schedule": 30},
    "remind-in-disputes": {"task": "projects.remind_in_disputes", "schedule": 30},
    "chase-rulings": {"task": "projects.chase_rulings", "schedule": 30},
    "wait-for-banks": {"task": "projects.wait_for_banks", "schedule": 30},
    "own-up-to-rulings": {"task": "projects.own_up_to_rulings", "schedule": 30},
    # Once a day for each that nobody has decided in time.
    "urge-rulings": {"task": "projects.urge_rulings", "schedule": 60},
    # Money by the clock: promised to the minute.
    "carry-out-rulings": {"task": "projects.carry_out_rulings", "schedule": 10},
    # Once a quarter, and all the others find nothing: it shows a moved clock.
    "publish-register": {"task": "projects.publish_register", "schedule": 60},
    # Seen as closed already: this only writes it down.
    "close-moot-disputes": {"task": "projects.close_moot_disputes", "schedule": 20},
}
app.conf.beat_schedule = {
    # Who comes late finds the next one behind it: lost time must not pile up as messages.
    name: entry | {"options": {"expires": entry["schedule"]}}
    for name, entry in _TIMETABLE.items()
}
app.autodiscover_tasks()


@worker_init.connect
@beat_init.connect
def refuse_to_start_misconfigured(**_: object) -> None:
    # Not an ordinary error: Celery would only note it and go on.
    if found := problems():
        sys.exit(" ".join(found.values()))
