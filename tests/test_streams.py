"""The few places for large answers: who gets one, who waits, and who loses it."""

import time
from collections.abc import Iterator
from threading import Timer

import pytest

from catalog.distribution import streams
from catalog.distribution.streams import STREAMS, Stream, TooBusy, places


def some(count: int = STREAMS) -> list[Stream]:
    return [Stream(iter([b"a", b"b", b"c"])) for _ in range(count)]


def begun(stream: Stream) -> Iterator[bytes]:
    reading = iter(stream)
    assert next(reading) == b"a"
    return reading


def test_a_reader_who_gives_up_makes_room() -> None:
    sent = some()
    begun(sent[1])
    for _ in range(2):  # closed twice is closed once
        for stream in sent:
            stream.close()
    some()
    with pytest.raises(TooBusy):
        some(1)


def test_a_reader_who_has_it_all_makes_room() -> None:
    sent = some()
    assert list(sent[0]) == [b"a", b"b", b"c"]
    some(1)


def test_one_who_comes_too_late_gets_the_place_that_is_given_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streams, "WAIT", 30)
    sent = some()
    Timer(0.05, sent[0].close).start()
    assert list(Stream(iter([b"late"]))) == [b"late"]


def test_some_wait_and_nobody_overtakes_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streams, "WAIT", 30)
    monkeypatch.setattr(streams, "MOST_WAITING", 1)
    sent, late = some(), []
    waiting = Timer(0, lambda: late.append(Stream(iter([b"late"]))))
    waiting.start()
    until = time.monotonic() + 30
    while not places.waiting and time.monotonic() < until:
        time.sleep(0.001)
    with places.changed:  # a place is free, and who waits has not woken yet
        places.holders.remove(sent[0])
        with pytest.raises(TooBusy):
            some(1)
        places.changed.notify()
    waiting.join(30)
    assert places.holders == [sent[1], *late]


def test_a_reader_who_does_not_read_on_loses_the_place_to_one_who_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    sent = some()
    stalled, reading = map(begun, sent)
    sent[0].given_at -= streams.IDLE + 1
    [late] = some(1)
    assert list(late) == [b"a", b"b", b"c"]
    assert list(reading) == [b"b", b"c"]
    with pytest.raises(TimeoutError):
        next(stalled)
    assert (places.holders, places.left) == ([], [])


def test_no_reader_is_slow_while_the_server_makes_what_comes_next(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streams, "IDLE", 0.01)

    def slowly() -> Iterator[bytes]:
        yield b"a"
        time.sleep(0.05)
        with pytest.raises(TooBusy):
            some(1)
        yield b"b"

    some(STREAMS - 1)
    assert list(Stream(slowly())) == [b"a", b"b"]


def test_a_reader_who_takes_very_long_loses_it_too() -> None:
    sent = some()
    sent[1].began -= streams.LONGEST + 1
    some(1)
    assert places.left == [sent[1]]


def test_where_nobody_waits_a_slow_reader_gets_all() -> None:
    sent = some()
    stalled = begun(sent[0])
    sent[0].given_at -= streams.IDLE + 1
    assert list(stalled) == [b"b", b"c"]


def test_threads_are_left_for_everybody_else(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who lost a place holds a thread until the connection ends."""
    monkeypatch.setattr(streams, "MOST_LEFT", 3)
    monkeypatch.setattr(streams, "IDLE", -1)
    reading = [begun(some(1)[0]) for _ in range(STREAMS + 3)]
    with pytest.raises(TooBusy):
        some(1)
    reading[0].close()
    some(1)
