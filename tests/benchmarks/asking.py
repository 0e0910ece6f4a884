"""Ask a server on loopback for one address over a few kept connections; prints requests a second."""

import itertools
import selectors
import socket
import sys
import time
from collections.abc import Iterator


def ask(port: int, path: str, requests: int, connections: int) -> float:
    each = _requests(path)
    waiting = selectors.DefaultSelector()
    for _ in range(connections):
        client = socket.create_connection(("127.0.0.1", port))
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        waiting.register(client, selectors.EVENT_READ, bytearray())
    began = time.perf_counter()
    for key in list(waiting.get_map().values()):
        key.fileobj.sendall(next(each))
    answered, sent = 0, connections
    while answered < requests:
        for key, _ in waiting.select(timeout=10):
            key.data.extend(key.fileobj.recv(1 << 16))
            if is_whole(key.data):
                key.data.clear()
                answered += 1
                if sent < requests:
                    key.fileobj.sendall(next(each))
                    sent += 1
    return requests / (time.perf_counter() - began)


def _requests(path: str) -> Iterator[bytes]:
    """Each of another client, in the next run too: what is counted by reader is counted every time."""
    for number in itertools.count(time.time_ns()):
        yield f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: */*\r\nUser-Agent: asking/{number}\r\n\r\n".encode()


def is_whole(answer: bytearray) -> bool:
    end = answer.find(b"\r\n\r\n")
    if end < 0:
        return False
    if not answer.startswith(b"HTTP/1.1 200"):
        raise SystemExit(f"unexpected answer: {bytes(answer[:80])!r}")
    at = answer.lower().find(b"content-length:")
    length = int(answer[at + 15 : answer.find(b"\r\n", at)])
    return len(answer) >= end + 4 + length


if __name__ == "__main__":
    print(ask(int(sys.argv[1]), sys.argv[2], int(sys.argv[3]), int(sys.argv[4])))
