"""Times in which the house was not at work: nobody loses anything by them.

Who was silent is judged in wall time: a moved sandbox clock is no outage.
"""

from datetime import timedelta

from django.conf import settings

from marketplace.common.clock import wall_time
from marketplace.common.models import Heartbeat, Outage

# Beat, which everything that strikes waits for; and web, by which people act. Web is known only
# where a worker is told its address.
BEAT, WEB = "beat", "web"
# Whoever was silent for longer was not there.
LONGEST_SILENCE = timedelta(minutes=10)
# Of whoever is silent for longer nobody knows whether they come back before that. Web is asked once
# a minute, and one answer may be late.
SHORT_SILENCE = timedelta(minutes=2)


def may_strike() -> bool:
    """Whether clocks may strike by themselves: the house was at work just now, and what struck in
    its outages is put off. No clock strikes in what may yet turn out to be an outage.
    """
    return is_made_up_for(SHORT_SILENCE)


def is_made_up_for(longest_silence: timedelta = LONGEST_SILENCE) -> bool:
    """Whether somebody may use what a clock has brought them: the house is at work, as it is where
    it is asked, and what struck in its outages is put off.

    Where one of them was never heard, nothing is known of an outage.
    """
    silent_since = wall_time() - longest_silence
    is_silent = Heartbeat.objects.filter(name__in=watched(), seen_at__lt=silent_since).exists()
    return not is_silent and not Outage.objects.filter(made_up_at=None).exists()


def watched() -> list[str]:
    """Without whom the house is not at work."""
    return [BEAT, WEB] if settings.WEB_WATCH_URL else [BEAT]


def unmade_outage_ids() -> list[int]:
    """Those that are not made up for yet, the oldest first: a clock may be put off by several."""
    unmade = Outage.objects.filter(made_up_at=None).order_by("ended_at", "pk")
    return list(unmade.values_list("pk", flat=True))
