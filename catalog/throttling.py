"""How often one caller may ask in a minute, and how often a log-in may fail. Imports `callers`.

Counted in a cache by one atomic step, so that as many requests pass as are allowed and not one more, however many
arrive at once; processes that share a cache (REDIS_URL) count together, others each for itself.
"""

from __future__ import annotations

import logging
import time
import unicodedata
from typing import NamedTuple

from django.conf import settings
from django.core.cache import caches
from django.http import HttpRequest
from django.utils.crypto import salted_hmac

from catalog.callers import address_of, network_of

WINDOW = 60  # seconds
LOG_IN_WINDOW = 300  # seconds; as PyPI counts log-ins, by address and by account
AWAY = 5  # seconds in which a cache that failed is not asked again: no request should wait for it
READS, COSTLY, WRITES = "reads", "costly", "writes"

log = logging.getLogger(__name__)


class Standing(NamedTuple):
    """Where a caller stands in this minute, for one kind of request."""

    kind: str
    limit: int
    remaining: int
    reset: int  # seconds until the next minute

    def headers(self) -> dict[str, str]:
        """RateLimit fields as draft-ietf-httpapi-ratelimit-headers-10 has them."""
        return {
            "RateLimit-Policy": f'"{self.kind}";q={self.limit};w={WINDOW}',
            "RateLimit": f'"{self.kind}";r={self.remaining};t={self.reset}',
        }


class TooManyRequests(Exception):
    """The caller asked more often than is allowed. `standing` says when to come again."""

    def __init__(self, standing: Standing) -> None:
        super().__init__(
            f"At most {standing.limit:,} requests of this kind ({standing.kind}) are answered a minute. "
            f"Ask again in {standing.reset} s."
        )
        self.standing = standing


def take(request: HttpRequest, kind: str, token: int | None = None) -> Standing | None:
    """Count a request of this kind against its token or, without one, its address; None where there is no limit.

    Raises TooManyRequests.
    """
    of_address, of_token = settings.CATALOG_RATES[kind]
    limit = of_address if token is None else of_token
    if limit <= 0:
        return None
    caller = network_of(address_of(request)) if token is None else f"token-{token}"
    window, past = divmod(int(time.time()), WINDOW)
    number = _count(f"{kind}:{window}:{caller}")
    standing = Standing(kind, limit, max(limit - number, 0), WINDOW - past)
    if number > limit:
        raise TooManyRequests(standing)
    return standing


class TooManyLogIns(Exception):
    """Log-ins failed too often, from this address or for this account. `wait` is in seconds."""

    def __init__(self, wait: int) -> None:
        super().__init__(f"Log-ins failed too often. Try again in {wait} s.")
        self.wait = wait


def take_log_in(request: HttpRequest, username: str) -> tuple[str, ...]:
    """Count a log-in before it is known whether it fails, so that many at once get no further than one by one.

    What it was counted under is for `give_back_log_in`. Raises TooManyLogIns, for a name that no account has as for
    any other. An address that is refused counts against no account: it would lock out whom it names.
    """
    window, past = divmod(int(time.time()), LOG_IN_WINDOW)
    account = salted_hmac("catalog.throttling", unicodedata.normalize("NFKC", username).casefold()).hexdigest()
    keys = (f"log-in:{window}:{network_of(address_of(request))}", f"log-in:{window}:{account}")
    for key in keys:
        if 0 < settings.CATALOG_LOG_IN_FAILURES < _count(key, 2 * LOG_IN_WINDOW):
            raise TooManyLogIns(LOG_IN_WINDOW - past)
    return keys


def give_back_log_in(keys: tuple[str, ...]) -> None:
    """For one that did not fail: only those that do are limited."""
    for key in keys:
        _count(key, 2 * LOG_IN_WINDOW, -1)


def _count(key: str, lasts: int = 2 * WINDOW, by: int = 1) -> int:
    """How many requests these are by now. 0 where nobody can tell: an answer is worth more than an exact limit."""
    global _away_until
    if time.monotonic() < _away_until:
        return 0
    cache = caches["throttle"]
    try:
        try:
            return cache.incr(key, by)
        except ValueError:  # the first of this minute
            cache.add(key, 0, lasts)
            return cache.incr(key, by)
    except Exception as error:  # whatever the cache's client raises
        log.warning("Requests cannot be counted, none is refused: %s", error)
        _away_until = time.monotonic() + AWAY
        return 0


_away_until = 0.0
