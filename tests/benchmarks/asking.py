"""Ask a server on loopback over a few kept connections; prints requests a second, and how long one took, as JSON.

Reads what to ask from standard input: `{"port", "paths", "requests", "connections", "status", "headers"}`, the headers
one object for each path. The paths are asked in turns.
"""

import itertools
import json
import selectors
import socket
import statistics
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any


def ask(
    port: int,
    paths: Sequence[str],
    requests: int,
    connections: int,
    status: int,
    headers: Sequence[Mapping[str, str]],
) -> dict[str, float]:
    each = _requests(paths, headers)
    waiting = selectors.DefaultSelector()
    for _ in range(connections):
        client = socket.create_connection(("127.0.0.1", port))
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        waiting.register(client, selectors.EVENT_READ, [bytearray(), 0.0])
    took: list[float] = []
    began = time.perf_counter()
    for key in list(waiting.get_map().values()):
        key.data[1] = time.perf_counter()
        key.fileobj.sendall(next(each))
    sent = connections
    while len(took) < requests:
        for key, _ in waiting.select(timeout=10):
            answer, asked_at = key.data
            answer.extend(key.fileobj.recv(1 << 18))
            if is_whole(answer, status):
                now = time.perf_counter()
                took.append(now - asked_at)
                answer.clear()
                if sent < requests:
                    key.data[1] = now
                    key.fileobj.sendall(next(each))
                    sent += 1
    rate = requests / (time.perf_counter() - began)
    hundredths = statistics.quantiles(took, n=100)
    return {"rate": rate, "p50": hundredths[49] * 1000, "p99": hundredths[98] * 1000}


def _requests(paths: Sequence[str], headers: Sequence[Mapping[str, str]]) -> Iterator[bytes]:
    """Each of another client, in the next run too: what is counted by reader is counted every time."""
    lines = ["".join(f"{name}: {value}\r\n" for name, value in more.items()) for more in (headers or [{}] * len(paths))]
    numbers = itertools.count(time.time_ns())
    for path, more, number in zip(itertools.cycle(paths), itertools.cycle(lines), numbers, strict=False):
        yield (
            f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: */*\r\nUser-Agent: asking/{number}\r\n{more}\r\n"
        ).encode()


def is_whole(answer: bytearray, status: int) -> bool:
    end = answer.find(b"\r\n\r\n")
    if end < 0:
        return False
    if not answer.startswith(f"HTTP/1.1 {status}".encode()):
        raise SystemExit(f"unexpected answer: {bytes(answer[:80])!r}")
    if status == 304:
        return True
    at = answer.lower().find(b"content-length:")
    length = int(answer[at + 15 : answer.find(b"\r\n", at)])
    return len(answer) >= end + 4 + length


if __name__ == "__main__":
    told: dict[str, Any] = json.load(sys.stdin)
    print(json.dumps(ask(**told)))
