"""Large answers that are made while they are sent. Imports nothing of the catalog."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from threading import Condition

# A reader that is slow holds a thread of the server for as long as an answer is made while it is sent: some of these
# threads must be left for everybody else. (What stands in front and keeps answers for slow readers ends that, too.)
STREAMS = 2
WAIT = 20  # seconds in which those who came too late wait for a place: git, refused, does not try again
MOST_WAITING = 8  # of them; each holds a thread, too
IDLE = 30  # seconds without reading on after which a reader's place is given to one who waits
LONGEST = 900  # seconds after which it is given in any case
MOST_LEFT = 16  # readers without a place that still hold a thread; beyond, nobody's place is given away


class TooBusy(Exception):
    """As many large answers are being sent as the server can send at once."""


class Stream:
    """The parts of a large answer, with one of the places that there are for such; given back at the end.

    Where all are taken, some answers wait for a while. Raises TooBusy. Whoever reads too slowly while others wait loses
    the place: reading on raises TimeoutError, which ends the connection.
    """

    def __init__(self, parts: Iterable[bytes]) -> None:
        self.parts = parts
        self.began = time.monotonic()
        self.given_at: float | None = None  # when the part was given that is being read; None while one is made
        places.take(self)

    def __iter__(self) -> Iterator[bytes]:
        try:
            for part in self.parts:
                if not places.is_held_by(self):
                    raise TimeoutError("The reader of a large answer was too slow, and others waited.")
                self.given_at = time.monotonic()
                yield part
                self.given_at = None
        finally:
            self.close()

    def close(self) -> None:
        places.give_back(self)

    @property
    def is_slow(self) -> bool:
        now = time.monotonic()
        is_idle = self.given_at is not None and now - self.given_at > IDLE
        return is_idle or now - self.began > LONGEST


class _Places:
    """Who holds the places, and who lost one and does not know it yet."""

    def __init__(self) -> None:
        self.changed = Condition()
        self.holders: list[Stream] = []
        self.left: list[Stream] = []
        self.waiting = 0

    def take(self, stream: Stream) -> None:
        """Raises TooBusy."""
        with self.changed:
            if not self.waiting and self._is_given_to(stream):  # nobody overtakes those who wait
                return
            if self.waiting >= MOST_WAITING:
                raise TooBusy
            self.waiting += 1
            try:
                if not self.changed.wait_for(lambda: self._is_given_to(stream), WAIT):
                    raise TooBusy
            finally:
                self.waiting -= 1

    def is_held_by(self, stream: Stream) -> bool:
        return stream in self.holders

    def give_back(self, stream: Stream) -> None:
        """Twice is once."""
        with self.changed:
            for streams in (self.holders, self.left):
                if stream in streams:
                    streams.remove(stream)
            self.changed.notify()

    def _is_given_to(self, stream: Stream) -> bool:
        if len(self.holders) >= STREAMS:
            slow = [holder for holder in self.holders if holder.is_slow]
            if not slow or len(self.left) >= MOST_LEFT:
                return False
            self.holders.remove(slow[0])
            self.left.append(slow[0])
        self.holders.append(stream)
        return True


places = _Places()
