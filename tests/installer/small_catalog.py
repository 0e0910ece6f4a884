"""A small catalog in memory that keeps the promises of the real one, and breaks them when told to."""

import json
import re
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event
from typing import Any
from urllib.parse import unquote

from tests.installer.places import digest_of


class Catalog(ThreadingHTTPServer):
    """A catalog in memory. It answers with the `failures` first, and with `forged` bytes where a file is asked for."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Answering)
        self.agents: dict[str, list[bytes]] = {}
        self.renamed: dict[str, str] = {}
        self.withdrawn: set[str] = set()
        self.yanked = ""  # why every version that is not the newest is
        self.failures: list[tuple[int, dict[str, str], bytes]] = []
        self.forged: bytes | None = None
        self.asked: list[str] = []
        self.tokens: list[str | None] = []
        self.reached, self.go_on = Event(), Event()
        self.held_back = ""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def latest(self, name: str) -> dict[str, Any] | None:
        name = self.renamed.get(name, name)
        if name not in self.agents or name in self.withdrawn:
            return None
        return self.version(name, len(self.agents[name]))

    def version(self, name: str, number: int) -> dict[str, Any]:
        return {"name": name, "number": number, "digest": digest_of(self.agents[name][number - 1])}

    def outdated(self, pins: list[dict[str, str]]) -> list[dict[str, Any]]:
        rows = [{**pin, **self.known(**pin), "latest": self.latest(pin["name"])} for pin in pins]
        return [row for row in rows if not row["latest"] or row["latest"]["digest"] != row["digest"]]

    def known(self, name: str, digest: str) -> dict[str, Any]:
        digests = [digest_of(text) for text in self.agents.get(self.renamed.get(name, name), [])]
        if digest not in digests:
            return {"number": None, "status": "unknown"}
        return {"number": digests.index(digest) + 1} | (
            {"status": "withdrawn", "reason": self.yanked} if self.yanked else {"status": "outdated"}
        )


class Answering(BaseHTTPRequestHandler):
    server: Catalog

    def log_message(self, *_: Any) -> None:
        pass

    def answer(self, status: int, content: bytes = b"", headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in {"Content-Length": str(len(content)), **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    def fails(self) -> bool:
        self.server.tokens.append(self.headers["Authorization"])
        self.server.asked.append(unquote(self.path).removeprefix("/api/v1/"))
        if self.server.failures:
            status, headers, content = self.server.failures.pop(0)
            self.answer(status, content, headers)
            return True
        return False

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        assert len(body["pins"]) <= 1_000
        if not self.fails():
            rows = self.server.outdated(body["pins"])
            self.answer(200, json.dumps({"current": len(body["pins"]) - len(rows), "outdated": rows}).encode())

    def do_GET(self) -> None:
        if self.fails():
            return
        catalog, path = self.server, unquote(self.path)
        name, number, download = re.fullmatch("/api/v1/agents/(.+)/versions/([^/]+)(/download)?", path).groups()
        if name in catalog.renamed:
            return self.answer(308, headers={"Location": self.path.replace(name, catalog.renamed[name])})
        if name not in catalog.agents:
            return self.answer(404)
        if name in catalog.withdrawn and number == "latest":
            return self.answer(410)
        if download and name == catalog.held_back:
            catalog.reached.set()
            catalog.go_on.wait(60)
        found = catalog.version(name, len(catalog.agents[name]) if number == "latest" else int(number))
        text = catalog.forged or catalog.agents[name][found["number"] - 1]
        self.answer(200, text if download else json.dumps({"name": name, "version": found}).encode())
