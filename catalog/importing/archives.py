"""Zip archives as candidates: read in memory, nothing is written. Imports only its neighbours.

The structure is read here and not by `zipfile`, which takes the last of two glued archives, cuts names at
NUL and believes the list at the end whatever stands before the data. An archive is taken only where the
list and the data say the same and every byte belongs to something (PyPI's rules for wheels, but for data
descriptors, which the macOS Finder writes). Field names follow the specification, APPNOTE.TXT 6.3.
"""

from __future__ import annotations

import re
import stat
import struct
import zlib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import BinaryIO

from django.conf import settings

from catalog.definition.limits import MAX_SOURCE_BYTES

from .candidates import NOT_MARKDOWN, Candidate, Refused, is_markdown, is_passed_over, printable, refused, too_large
from .paths import check_safe, check_suitable, collision_key

_END = struct.Struct("<4s4H2LH")
_ENTRY = struct.Struct("<4s6H3L5H2L")
_LOCAL = struct.Struct("<4s5H3L2H")
_END_SIGNATURE, _ENTRY_SIGNATURE, _LOCAL_SIGNATURE = b"PK\x05\x06", b"PK\x01\x02", b"PK\x03\x04"
_MAX_COMMENT = 0xFFFF
_ZIP64 = 0xFFFFFFFF
_MAX_PACKING_LOSS = 1024  # what packing can add to a file of the largest size
_MAX_LIST = 10_000_000  # bytes: a thousand for each of the most entries, far more than paths of any use need
_MAX_SHOWN = 300

_ENCRYPTED, _DESCRIPTOR, _UTF8 = 1 << 0, 1 << 3, 1 << 11
_STRONG_ENCRYPTION = 1 << 6 | 1 << 13
_STORED, _DEFLATED = 0, 8
_DESCRIPTOR_SIZES = (12, 16, 20, 24)
_DOS_DEVICE, _WINDOWS_REPARSE_POINT = 0x40, 0x400

# What systems append to the name of a file that is there already: "agents (1).zip", "agents copy 2.zip".
_COPY = re.compile(r"(?: ?\(\d+\)| copy(?: \d+)?)$")
_ARCHIVES = (".zip", ".7z", ".rar", ".tar", ".tgz", ".gz", ".bz2", ".xz", ".zst")


@dataclass(slots=True)
class Member:
    """One file as the list of an archive tells of it; `start` is where its packed bytes begin."""

    raw_name: bytes
    path: str
    flags: int
    method: int
    crc: int
    packed: int
    size: int
    attributes: int
    offset: int
    start: int = 0
    fault: Refused | None = None

    @property
    def is_folder(self) -> bool:
        return self.path.endswith("/")


def archive_files(file: BinaryIO, name: str, passed_over: Counter[str]) -> Iterator[Candidate]:
    """The Markdown files of an archive, in the order of their paths; `name` begins the paths shown.

    A fault of the archive itself gives one refused candidate, a fault of a member that member's.
    `file` must stay open while candidates are read.
    """
    try:
        members = _members(file)
    except Refused as refusal:
        yield refused(printable(name), refusal.finding.code, refusal.finding.message)
        return
    members.sort(key=lambda member: member.path[:_MAX_SHOWN].split("/"))
    twins = _twins(members)
    root = _root_folder(members, name)
    for member in members:
        if _is_left_behind(member.path):
            continue
        shown = printable(f"{name}/{member.path[:_MAX_SHOWN]}")
        try:
            if _is_wanted(member, twins):
                folders = tuple(member.path.split("/")[:-1])[root:]
                yield Candidate(shown, folders, partial(_unpack, file, member))
            elif not member.is_folder:
                passed_over[NOT_MARKDOWN] += 1
        except Refused as refusal:
            yield refused(shown, refusal.finding.code, refusal.finding.message)


def _members(file: BinaryIO) -> list[Member]:
    """What the archive holds, by its list, checked against the data. Raises Refused."""
    try:
        count, start, end = _find_list(file)
        members = list(_read_list(_at(file, start, end - start), count))
        _check_layout(file, members, start)
    except (OSError, struct.error) as error:
        raise Refused("archive-broken", "The archive is damaged or cut short.") from error
    unpacked = sum(member.size for member in members)
    if unpacked > settings.CATALOG_ARCHIVE_MAX_UNPACKED:
        # No member gives more than it states (`_unpack`), so this bounds all that is ever read.
        raise Refused(
            "archive-too-large-unpacked",
            f"The archive unpacks to {unpacked:,} bytes; at most {settings.CATALOG_ARCHIVE_MAX_UNPACKED:,} are read.",
        )
    return members


def _at(file: BinaryIO, offset: int, length: int) -> bytes:
    file.seek(offset)
    data = file.read(length)
    if len(data) != length:
        raise Refused("archive-broken", "The archive is damaged or cut short.")
    return data


def _find_list(file: BinaryIO) -> tuple[int, int, int]:
    """How many entries the list has, where it starts and where it ends. Raises Refused."""
    size = file.seek(0, 2)
    if size > settings.CATALOG_ARCHIVE_MAX_BYTES:
        raise Refused(
            "archive-too-large",
            f"The archive has {size:,} bytes; at most {settings.CATALOG_ARCHIVE_MAX_BYTES:,} are read.",
        )
    tail_start = max(0, size - _END.size - _MAX_COMMENT)
    tail = _at(file, tail_start, size - tail_start)
    end = _find_end(tail)
    disk, list_disk, here, count, length, start, _ = _END.unpack_from(tail, end)[1:]
    if disk or list_disk or here != count:
        raise Refused("archive-in-parts", "This is one part of a split archive.")
    if _ZIP64 in (length, start) or count == 0xFFFF or tail[max(0, end - 20) : end].startswith(b"PK\x06\x07"):
        raise Refused("archive-zip64", "The archive has the format for more than 4 GB, which is not read.")
    if count > settings.CATALOG_ARCHIVE_MAX_ENTRIES:
        raise _too_many(count)
    if length > _MAX_LIST:
        raise Refused("archive-list-too-large", f"The archive's list of files has {length:,} bytes.")
    if start + length != tail_start + end:
        raise Refused("archive-glued", "Other data stands before or inside the archive: it is more than one archive.")
    return count, start, start + length


def _find_end(tail: bytes) -> int:
    """Where the end record begins: the only one whose comment ends with the file. Raises Refused."""
    ends = {}  # where a record begins: where it says that the file ends
    position = tail.find(_END_SIGNATURE)
    while position >= 0:
        comment = position + _END.size
        ends[position] = comment + int.from_bytes(tail[comment - 2 : comment], "little")
        position = tail.find(_END_SIGNATURE, position + 1)
    found = [position for position, end in ends.items() if end == len(tail)]
    if len(found) > 1:
        raise Refused("archive-glued", "The archive has two ends: programs differ on what it holds.")
    if not found and any(end < len(tail) for end in ends.values()):
        raise Refused("archive-trailing-data", "Other data stands behind the archive.")
    if not found:
        raise Refused("archive-broken", "This is not a zip archive, or it is cut short.")
    return found[0]


def _too_many(count: int) -> Refused:
    return Refused(
        "archive-too-many-entries",
        f"The archive holds {count:,} entries; at most {settings.CATALOG_ARCHIVE_MAX_ENTRIES:,} are read.",
    )


def _read_list(data: bytes, count: int) -> Iterator[Member]:
    position = 0
    for _ in range(count):
        fields = _ENTRY.unpack_from(data, position)
        signature, _made, _needed, flags, method, _time, _date, crc, packed, size = fields[:10]
        name_length, extra_length, comment_length, disk, _internal, attributes, offset = fields[10:]
        if signature != _ENTRY_SIGNATURE or disk:
            raise Refused("archive-broken", "The archive's list of files is damaged.")
        position += _ENTRY.size
        raw_name = data[position : position + name_length]
        position += name_length + extra_length + comment_length
        path, fault = _decoded(raw_name, flags)
        yield Member(raw_name, path, flags, method, crc, packed, size, attributes, offset, fault=fault)
    if position != len(data):
        raise Refused("archive-broken", "The archive's list of files has another length than it states.")


def _decoded(raw_name: bytes, flags: int) -> tuple[str, Refused | None]:
    """The path as text. Some programs write UTF-8 without saying so; the rest is the code page of DOS."""
    try:
        return raw_name.decode(), None
    except UnicodeDecodeError:
        if not flags & _UTF8:
            return raw_name.decode("cp437"), None
        fault = Refused("archive-path-not-utf-8", "The name is not the UTF-8 that it says it is.")
        return raw_name.decode(errors="surrogateescape"), fault


def _check_layout(file: BinaryIO, members: Sequence[Member], end: int) -> None:
    """Every byte before the list belongs to exactly one member. Sets where each one's data start."""
    expected = {0}
    for member in sorted(members, key=lambda member: member.offset):
        if member.offset not in expected:
            raise _misplaced(member.offset, expected)
        member.start, differs = _read_local(file, member)
        if differs and member.fault is None:
            member.fault = Refused(
                "archive-headers-differ", f"The archive states two things about the {differs} of this file."
            )
        after = member.start + member.packed
        expected = {after}
        if member.flags & _DESCRIPTOR:
            expected |= {after + size for size in _DESCRIPTOR_SIZES}
    if end not in expected:
        raise _misplaced(end, expected)


def _misplaced(offset: int, expected: set[int]) -> Refused:
    if offset < min(expected):
        return Refused("archive-overlap", "Files in the archive share their bytes, as in a bomb.")
    return Refused("archive-glued", "The archive holds data that belong to no file, or is two archives glued together.")


def _read_local(file: BinaryIO, member: Member) -> tuple[int, str]:
    """Where the data of a member start, and in what its own header differs from the list, "" if in nothing."""
    header = _LOCAL.unpack(_at(file, member.offset, _LOCAL.size))
    signature, _needed, flags, method, _time, _date, crc, packed, size, name_length, extra_length = header
    if signature != _LOCAL_SIGNATURE:
        raise Refused("archive-broken", "The archive's list of files does not lead to its files.")
    name = _at(file, member.offset + _LOCAL.size, name_length)
    start = member.offset + _LOCAL.size + name_length + extra_length
    later = bool(flags & _DESCRIPTOR)  # stated behind the data, then
    differences = {
        "name": name != member.raw_name,
        "flags": (flags ^ member.flags) & (_ENCRYPTED | _STRONG_ENCRYPTION | _DESCRIPTOR | _UTF8),
        "compression": method != member.method,
        "checksum": crc != member.crc and not (later and crc == 0),
        "size": (packed, size) != (member.packed, member.size)
        and not (later and {packed, size} <= {0, _ZIP64, member.packed, member.size}),
    }
    return start, next((word for word, differs in differences.items() if differs), "")


def _twins(members: Sequence[Member]) -> set[str]:
    """The collision keys that more than one member has."""
    counts = Counter(collision_key(member.path) for member in members)
    return {key for key, count in counts.items() if count > 1}


def _is_left_behind(path: str) -> bool:
    """What systems and tools leave in archives."""
    parts = path.removesuffix("/").split("/")
    if ".." in parts or "." in parts or "\\" in path:
        return False  # a fault, which is told
    return parts[-1] == "Icon\r" or any(map(is_passed_over, parts))


def _root_folder(members: Sequence[Member], name: str) -> int:
    """1 if the archive is that of one folder, which bears its name and says nothing about the agents."""
    tops = {member.path.partition("/")[0] for member in members if not _is_left_behind(member.path)}
    stem = _COPY.sub("", name.rpartition("/")[2][: -len(".zip")])
    return int(tops == {stem})


def _is_wanted(member: Member, twins: set[str]) -> bool:
    """Whether a member is Markdown to be read. Raises Refused for what is wrong with it."""
    wanted = is_markdown(member.path)
    if wanted and member.fault:
        raise member.fault
    check_safe(member.path)
    if member.path.lower().endswith(_ARCHIVES):
        raise Refused("archive-in-archive", "An archive inside an archive is not opened.")
    if not wanted:
        return False
    check_suitable(member.path)
    if collision_key(member.path) in twins:
        raise Refused(
            "archive-twins",
            "The archive holds this path twice, or differing only in case or Unicode form.",
        )
    _check_kind(member)
    _check_size(member)
    return True


def _check_kind(member: Member) -> None:
    mode = stat.S_IFMT(member.attributes >> 16)
    if stat.S_ISLNK(mode) or member.attributes & _WINDOWS_REPARSE_POINT:
        raise Refused("archive-link", "This is a link, not a file; links in archives are not followed.")
    if mode not in (0, stat.S_IFREG) or member.attributes & _DOS_DEVICE:
        raise Refused("archive-not-a-file", "This is not an ordinary file but a folder, pipe or device.")
    if member.flags & (_ENCRYPTED | _STRONG_ENCRYPTION):
        raise Refused("archive-encrypted", "The file is encrypted; unpack the archive with its password first.")
    if member.method not in (_STORED, _DEFLATED):
        raise Refused("archive-compression", f"The compression (method {member.method}) is not read; use ordinary zip.")


def _check_size(member: Member) -> None:
    if member.size > settings.CATALOG_ARCHIVE_MAX_RATIO * max(member.packed, 1):
        raise Refused(
            "archive-bomb",
            f"The file unpacks to more than {settings.CATALOG_ARCHIVE_MAX_RATIO} times its size.",
        )
    if member.size > MAX_SOURCE_BYTES:
        raise too_large(member.size)
    if member.packed > MAX_SOURCE_BYTES + _MAX_PACKING_LOSS:
        raise too_large(member.packed)


def _unpack(file: BinaryIO, member: Member) -> bytes:
    """The bytes of a member, exactly as many as it states. Raises Refused."""
    try:
        packed = _at(file, member.start, member.packed)
        data = packed if member.method == _STORED else _inflate(packed, member.size)
    except (OSError, zlib.error):
        data = None
    if data is None or len(data) != member.size:
        raise Refused("archive-file-damaged", "The file does not unpack to the size that is stated.")
    if zlib.crc32(data) != member.crc:
        raise Refused("archive-file-damaged", "The file is damaged: its checksum is wrong.")
    return data


def _inflate(packed: bytes, size: int) -> bytes | None:
    """At most one byte more than `size`, None where the stream is not complete or goes on."""
    stream = zlib.decompressobj(-zlib.MAX_WBITS)
    data = stream.decompress(packed, size + 1)
    return data if stream.eof and not stream.unused_data else None
