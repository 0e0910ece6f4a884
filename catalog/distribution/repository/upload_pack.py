"""What git asks of a repository over HTTP, and what it is answered: versions 0, 1 and 2 of the protocol.

After gitprotocol-v2, gitprotocol-pack and gitprotocol-http. Nothing can be written: only fetching is known here.
Imports `pktlines`, `packs` and `store`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain, islice

from .packs import Asked, NotThere, Selection
from .pktlines import DELIMITER, FLUSH, PROGRESS, Mark, NotLines, in_band, line, packet, read_lines
from .store import Store

BRANCH = "refs/heads/main"
TAGS = "refs/tags/"
AGENT = "agent=agent-catalog"
MOST_NAMED = 100_000  # lines of a request: every tag of a large catalog, and a client's own history
MOST_BEGINNINGS = 100  # of refs that are looked for; whoever names more is told of all, as by git itself
_ID = re.compile("[0-9a-fA-F]{40}")
_V0 = (
    "multi_ack_detailed side-band-64k thin-pack ofs-delta no-progress include-tag shallow deepen-since "
    "deepen-not deepen-relative allow-tip-sha1-in-want allow-reachable-sha1-in-want object-format=sha1 "
    f"symref=HEAD:{BRANCH} {AGENT}"
)


@dataclass(frozen=True)
class Answer:
    """The body of an answer in parts, which are made when they are taken.

    `effort` is what that takes, as a number of objects that are sent in the same time.
    """

    parts: Iterable[bytes]
    effort: int = 0


# --- What there is ------------------------------------------------------------------------------------------


def advertisement(store: Store, version: int) -> bytes:
    """The answer to `info/refs`."""
    if version == 2:
        words = ("version 2", AGENT, "ls-refs=unborn", "fetch=shallow", "object-format=sha1")
        return b"".join(map(line, words)) + FLUSH
    first, *others = _refs(store)
    lines = [line("# service=git-upload-pack"), FLUSH]
    if version == 1:
        lines.append(line("version 1"))
    lines.append(packet(f"{first[1].hex()} {first[0]}\0{_V0}\n".encode()))
    lines += [line(f"{id.hex()} {name}") for name, id in others]
    return b"".join([*lines, FLUSH])


def _refs(store: Store, beginnings: list[str] | None = None) -> Iterator[tuple[str, bytes]]:
    """Names of refs and their commits, by name; of those that begin so, where that is asked."""
    newest = store.newest()
    head = newest.id if newest else b""
    for name in ("HEAD", BRANCH):
        if not beginnings or any(name.startswith(beginning) for beginning in beginnings):
            yield name, head
    for beginning in _widest(beginnings or [TAGS]):
        if beginning.startswith(TAGS) or TAGS.startswith(beginning):
            yield from ((TAGS + name, id) for name, id in store.tags(beginning.removeprefix(TAGS)[: len(beginning)]))


def _widest(beginnings: list[str]) -> list[str]:
    """Without those that others cover: no ref is told twice."""
    within = ["" if TAGS.startswith(one) else one for one in beginnings]
    widest: list[str] = []
    for one in sorted(set(within)):
        if not any(one.startswith(other) for other in widest):
            widest.append(one)
    return [one or TAGS for one in widest]


# --- Requests -----------------------------------------------------------------------------------------------


def answer(store: Store, body: bytes, version: int) -> Answer:
    """The answer to a request sent to `git-upload-pack`. Raises NotLines where it is none."""
    lines = list(islice(read_lines(body), MOST_NAMED + 1))
    if len(lines) > MOST_NAMED:
        raise NotLines(f"The request has more than {MOST_NAMED:,} lines.")
    try:
        return _answer_2(store, lines) if version == 2 else _answer_0(store, lines)
    except NotThere as lack:
        return Answer([line(f"ERR upload-pack: {lack}")])


def _answer_2(store: Store, lines: list[str | Mark]) -> Answer:
    if not lines or lines[0] is Mark.FLUSH:
        return Answer([])
    command = lines[0]
    arguments = lines[lines.index(Mark.DELIMITER) + 1 :] if Mark.DELIMITER in lines else []
    words = [one for one in arguments if isinstance(one, str)]
    if command == "command=ls-refs":
        return Answer([_ls_refs(store, words)])
    if command == "command=fetch":
        return _fetch(store, words)
    if isinstance(command, Mark):
        raise NotLines("The request names no command.")
    raise NotLines(f"This repository knows no {command[:50]!r}.")


def _ls_refs(store: Store, words: list[str]) -> bytes:
    beginnings = [word.removeprefix("ref-prefix ") for word in words if word.startswith("ref-prefix ")]
    if len(beginnings) > MOST_BEGINNINGS:
        beginnings = []
    lines = []
    for name, id in _refs(store, beginnings):
        more = f" symref-target:{BRANCH}" if name == "HEAD" and "symrefs" in words else ""
        lines.append(line(f"{id.hex()} {name}{more}"))
    return b"".join([*lines, FLUSH])


def _fetch(store: Store, words: list[str]) -> Answer:
    asked = _asked(words)
    if not asked.wants:
        return Answer([])
    selection = Selection(store, asked)
    parts: list[bytes] = []
    if not asked.is_done:
        parts.append(line("acknowledgments"))
        parts += [line(f"ACK {id.hex()}") for id in selection.common] or [line("NAK")]
        if not selection.common:
            return Answer([*parts, FLUSH])
        parts += [line("ready"), DELIMITER]
    if asked.is_deepening:
        parts += [line("shallow-info"), *_cuts(selection), DELIMITER]
    parts.append(line("packfile"))
    return Answer(chain(parts, _in_band(selection, is_told="no-progress" not in words)), selection.effort())


def _answer_0(store: Store, lines: list[str | Mark]) -> Answer:
    words = [one for one in lines if isinstance(one, str)]
    if not words:
        return Answer([])
    capabilities = words[0].split()[2:] if words[0].startswith("want ") else []
    asked = _asked([*(" ".join(word.split()[:2]) if word.startswith("want ") else word for word in words)])
    if not asked.wants:
        return Answer([])
    asked.is_thin = "thin-pack" in capabilities
    asked.is_relative = "deepen-relative" in capabilities
    selection = Selection(store, asked)
    parts = [*_cuts(selection), FLUSH] if asked.is_deepening else []
    if asked.is_done or lines.count(Mark.FLUSH) > 1:  # else the client only wants to know where its history ends
        parts += _acknowledged(selection, "multi_ack_detailed" in capabilities)
    if not asked.is_done:
        return Answer(parts)
    pack = _in_band(selection) if "side-band-64k" in capabilities else _bare(selection)
    return Answer(chain(parts, pack), selection.effort())


def _acknowledged(selection: Selection, in_detail: bool) -> list[bytes]:
    common = [id.hex() for id in selection.common]
    told = [line(f"ACK {id} common") for id in common] if in_detail else [line(f"ACK {id}") for id in common[:1]]
    if in_detail and common:
        told.append(line(f"ACK {common[-1]} ready"))
    if selection.asked.is_done:
        last = [line(f"ACK {common[-1]}")] if common and in_detail else []
        return told + last if common else [line("NAK")]
    return [*told, line("NAK")] if in_detail or not common else told


def _cuts(selection: Selection) -> list[bytes]:
    shallow = [line(f"shallow {id.hex()}") for id in selection.cut_off()]
    return shallow + [line(f"unshallow {id.hex()}") for id in selection.cut_no_more()]


def _in_band(selection: Selection, *, is_told: bool = False) -> Iterator[bytes]:
    """The pack in packets; `is_told` says to the user how much it is."""
    count, pack = selection.pack()
    if is_told:
        yield packet(PROGRESS + f"Sending {count:,} objects of the catalog.\n".encode())
    yield from in_band(pack)
    yield FLUSH


def _bare(selection: Selection) -> Iterator[bytes]:
    _, pack = selection.pack()
    yield from pack


def _asked(words: list[str]) -> Asked:
    """What the lines of a request say; those that ask for nothing we know are passed over, as git does."""
    asked = Asked()
    named = {"want": asked.wants, "have": asked.haves, "shallow": asked.shallow}
    for word in words:
        verb, _, value = word.partition(" ")
        if verb in named:
            named[verb].append(_id(value))
        elif verb == "deepen":
            asked.depth = _number(value) or None
        elif verb == "deepen-since":
            asked.since = _number(value)
        elif verb == "deepen-not":
            asked.without.append(value)
        elif word == "deepen-relative":
            asked.is_relative = True
        elif word == "thin-pack":
            asked.is_thin = True
        elif word == "done":
            asked.is_done = True
    return asked


def _id(text: str) -> bytes:
    if not _ID.fullmatch(text):
        raise NotLines(f"{text[:50]!r} is not the id of an object.")
    return bytes.fromhex(text)


def _number(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 12):
        raise NotLines(f"{text[:50]!r} is not a number.")
    return int(text)
