"""Large answers that are made while they are sent. Imports nothing of the catalog."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from threading import BoundedSemaphore

# A reader that is slow holds a thread of the server for as long as an answer is made while it is sent: some of these
# threads must be left for everybody else. (What stands in front and keeps answers for slow readers ends that, too.)
STREAMS = 2


WAIT = 5  # seconds in which one of those who came too late waits for a place


class TooBusy(Exception):
    """As many large answers are being sent as the server can send at once."""


class Stream:
    """The parts of a large answer, with one of the places that there are for such; given back at the end.

    Where all are taken, one answer waits for a while. Raises TooBusy.
    """

    places = BoundedSemaphore(STREAMS)
    waiting = BoundedSemaphore(1)

    def __init__(self, parts: Iterable[bytes]) -> None:
        if not (self.places.acquire(blocking=False) or self._gets_one_soon()):
            raise TooBusy
        self.parts, self.is_open = parts, True

    def _gets_one_soon(self) -> bool:
        if not self.waiting.acquire(blocking=False):
            return False
        try:
            return self.places.acquire(timeout=WAIT)
        finally:
            self.waiting.release()

    def __iter__(self) -> Iterator[bytes]:
        try:
            yield from self.parts
        finally:
            self.close()

    def close(self) -> None:
        if self.is_open:
            self.is_open = False
            self.places.release()
