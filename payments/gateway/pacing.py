"""How often the provider is asked: by all processes together no oftener than it allows, and not at
all for a while once it has said that it was too often.

Counted in Valkey, where one step is one step for everybody. While that is away, each process keeps
to the same rules by itself.
"""

import hashlib
import threading
import time
from functools import lru_cache
from math import ceil

import redis
from django.conf import settings

from payments.gateway.base import GatewayBusy

# Milliseconds of silence where the provider does not say how long: doubled each time, while it goes
# on for minutes.
FIRST_SILENCE, LONGEST_SILENCE, MINUTES = 1_000, 32_000, 120_000
# However long it asks for, somebody looks at it again.
MOST_ASKED_FOR = 300_000
# Seconds for which a silent Valkey is left alone.
REST = 5

# Turns are so far apart that no second has more of them than it may. Answers with the milliseconds
# until one's turn; or, where that takes too long or the provider wants silence, with how long that
# is, below zero.
_TAKE_TURN = """
local silence = redis.call('PTTL', KEYS[2])
if silence > 0 then return -silence end
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local turn = math.max(tonumber(redis.call('GET', KEYS[1]) or '0'), now)
local wait = math.ceil((turn - now) / 1000)
if wait > tonumber(ARGV[2]) then return -wait end
redis.call('SET', KEYS[1], string.format('%.0f', turn + ARGV[1]), 'PX', 60000)
return wait
"""
# Many are told at once that they were too many: that counts once.
_BE_SILENT = """
local silence = redis.call('PTTL', KEYS[1])
if silence < 0 then
  local times = redis.call('INCR', KEYS[2])
  redis.call('PEXPIRE', KEYS[2], ARGV[4])
  silence = math.min(ARGV[2] * 2 ^ (times - 1), ARGV[3])
end
silence = math.max(silence, tonumber(ARGV[1]))
redis.call('SET', KEYS[1], '1', 'PX', string.format('%.0f', silence))
return silence
"""


class Pace:
    """Of one account at the provider. All processes that name it alike share it."""

    def __init__(self, name: str, *, per_second: float) -> None:
        valkey = redis.Redis.from_url(
            settings.REDIS_URL, socket_timeout=1, socket_connect_timeout=1
        )
        self._turn_script = valkey.register_script(_TAKE_TURN)
        self._silence_script = valkey.register_script(_BE_SILENT)
        self._valkey = valkey
        self._turn, self._silence, self._times = (
            f"provider:{name}:{part}" for part in ("turn", "silence", "times")
        )
        self._apart = 1 / per_second
        self._lock = threading.Lock()
        self._next_turn = self._silent_until = self._away_until = 0.0

    def wait_for_turn(self, *, patience: float) -> None:
        """Wait, but no longer than ``patience`` seconds. Raises GatewayBusy where it takes longer,
        or the provider wants to be left alone.
        """
        seconds = self._wait(patience)
        if seconds < 0:
            raise GatewayBusy(ceil(-seconds))
        if seconds:
            time.sleep(seconds)

    def be_silent(self, asked_for: float = 0) -> int:
        """Nobody asks for a while: ``asked_for`` seconds, or our own measure. How many it is."""
        least = min(int(asked_for * 1_000), MOST_ASKED_FOR)
        silence = max(FIRST_SILENCE, least)
        if self._is_valkey_there():
            try:
                keys, values = [self._silence, self._times], [least, FIRST_SILENCE, LONGEST_SILENCE]
                silence = int(self._silence_script(keys, [*values, MINUTES]))
            except redis.RedisError:
                self._leave_valkey_alone()
        with self._lock:
            self._silent_until = max(self._silent_until, time.monotonic() + silence / 1_000)
        return ceil(silence / 1_000)

    def is_silent(self) -> bool:
        """Whether asking would be of no use just now."""
        if time.monotonic() < self._silent_until:
            return True
        if not self._is_valkey_there():
            return False
        try:
            return bool(self._valkey.exists(self._silence))
        except redis.RedisError:
            self._leave_valkey_alone()
            return False

    def _wait(self, patience: float) -> float:
        """Seconds until one's turn; below zero, how long it would take."""
        silence = self._silent_until - time.monotonic()
        if silence > 0:
            return -silence
        if self._is_valkey_there():
            try:
                keys = [self._turn, self._silence]
                args = [round(self._apart * 1_000_000), round(patience * 1_000)]
                return int(self._turn_script(keys, args)) / 1_000
            except redis.RedisError:
                self._leave_valkey_alone()
        with self._lock:
            now = time.monotonic()
            wait = max(self._next_turn - now, 0.0)
            if wait > patience:
                return -wait
            self._next_turn = now + wait + self._apart
            return wait

    def _is_valkey_there(self) -> bool:
        return time.monotonic() >= self._away_until

    def _leave_valkey_alone(self) -> None:
        self._away_until = time.monotonic() + REST


def pace() -> Pace:
    """Of this house at its provider."""
    return _pace_of(
        settings.STRIPE_SECRET_KEY, settings.STRIPE_API_BASE, settings.STRIPE_CALLS_PER_SECOND
    )


def may_ask() -> bool:
    """Whether a sweep that asks the provider goes on: what is left is found by the next one."""
    return not pace().is_silent()


@lru_cache
def _pace_of(secret_key: str, api_base: str, per_second: float) -> Pace:
    account = hashlib.sha256(f"{secret_key} {api_base}".encode()).hexdigest()[:16]
    return Pace(account, per_second=per_second)
