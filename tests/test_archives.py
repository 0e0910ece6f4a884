"""Archives are read safely: 60 crafted ones, each fault refused with its reason and the rest read."""

import io
import stat
import struct
import unicodedata
import zipfile
import zlib
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import pytest

from catalog.definition.limits import MAX_SOURCE_BYTES
from catalog.importing.archives import archive_files
from catalog.importing.candidates import NOT_MARKDOWN, Refused

pytestmark = pytest.mark.plain

GOOD = b"---\nname: good\ndescription: Is read.\n---\nGood.\n"
UNIX_LINK = (stat.S_IFLNK | 0o777) << 16
UTF8, DESCRIPTOR, ENCRYPTED = 1 << 11, 1 << 3, 1


@dataclass
class File:
    """One member; what is stated about it may be a lie."""

    name: str | bytes
    data: bytes = GOOD
    method: int = 8
    flags: int = 0
    attributes: int = 0
    packed: bytes | None = None
    size: int | None = None
    crc: int | None = None
    local_name: bytes | None = None
    local_method: int | None = None
    local_size: int | None = None
    offset: int | None = None
    descriptor: bytes = b""
    extra: bytes = b""

    @property
    def raw_name(self) -> bytes:
        return self.name if isinstance(self.name, bytes) else self.name.encode()

    def stored(self) -> bytes:
        if self.packed is not None:
            return self.packed
        return deflated(self.data) if self.method == 8 else self.data

    def stated(self) -> tuple[int, int, int]:
        crc = zlib.crc32(self.data) if self.crc is None else self.crc
        return crc, len(self.stored()), len(self.data) if self.size is None else self.size

    def local(self) -> bytes:
        crc, packed, size = (0, 0, 0) if self.flags & DESCRIPTOR else self.stated()
        name = self.raw_name if self.local_name is None else self.local_name
        size = size if self.local_size is None else self.local_size
        method = self.method if self.local_method is None else self.local_method
        head = (b"PK\x03\x04", 20, self.flags, method, 0, 33, crc, packed, size, len(name), len(self.extra))
        return struct.pack("<4s5H3L2H", *head) + name + self.extra + self.stored() + self.descriptor

    def listed(self, offset: int) -> bytes:
        name = self.raw_name
        place = offset if self.offset is None else self.offset
        head = (b"PK\x01\x02", 20, 20, self.flags, self.method, 0, 33, *self.stated(), len(name))
        return struct.pack("<4s6H3L5H2L", *head, 0, 0, 0, 0, self.attributes, place) + name


def archive(
    *files: File,
    before: bytes = b"",
    hidden: bytes = b"",
    after: bytes = b"",
    comment: bytes = b"",
    count: int | None = None,
    disk: int = 0,
    shift: int = 0,
) -> bytes:
    body, listing = before, b""
    for file in files:
        listing += file.listed(len(body) - shift)
        body += file.local()
    body += hidden
    number = len(files) if count is None else count
    end = struct.pack(
        "<4s4H2LH", b"PK\x05\x06", disk, disk, number, number, len(listing), len(body) - shift, len(comment)
    )
    return body + listing + end + comment + after


def deflated(data: bytes) -> bytes:
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    return packer.compress(data) + packer.flush()


def contents(data: bytes, name: str = "a.zip") -> dict[str, bytes | str]:
    """What each path gives: its bytes, or the code of its refusal."""
    found: dict[str, bytes | str] = {}
    for candidate in archive_files(io.BytesIO(data), name, Counter()):
        try:
            found[candidate.path] = candidate.read()
        except Refused as refusal:
            found[candidate.path] = refusal.finding.code
    return found


def honest(*files: tuple[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as zipped:
        for name, data in files:
            zipped.writestr(name, data)
    return buffer.getvalue()


# --- Faults of one file: the file beside it is read --------------------------------------------------

NFC, NFD = unicodedata.normalize("NFC", "é.md"), unicodedata.normalize("NFD", "é.md")

FAULTY_FILES = {
    "traversal": (File("../evil.md"), "archive-path-traversal"),
    "traversal inside": (File("agents/../../evil.md"), "archive-path-traversal"),
    "traversal of another kind of file": (File("../../etc/passwd"), "archive-path-traversal"),
    "absolute": (File("/etc/evil.md"), "archive-path-absolute"),
    "network share": (File("//host/evil.md"), "archive-path-absolute"),
    "drive letter": (File("C:evil.md"), "archive-path-drive"),
    "drive and folder": (File("c:/evil.md"), "archive-path-drive"),
    "backslash": (File("agents\\evil.md"), "archive-path-backslash"),
    "backslash traversal": (File("..\\evil.md"), "archive-path-backslash"),
    "no name": (File(""), "archive-path-empty"),
    "empty part": (File("agents//evil.md"), "archive-path-not-plain"),
    "lone dot": (File("./evil.md"), "archive-path-not-plain"),
    "NUL": (File(b"evil.md\0.txt"), "archive-path-nul"),
    "NUL before the ending": (File(b"evil.sh\0.md"), "archive-path-nul"),
    "line break": (File("evil\n.md"), "archive-path-hidden-characters"),
    "terminal escape": (File("\x1b[2Jevil.md"), "archive-path-hidden-characters"),
    "right to left override": (File("evil\u202edm.exe.md"), "archive-path-hidden-characters"),
    "zero width space": (File("ev\u200bil.md"), "archive-path-hidden-characters"),
    "tag characters": (File("evil\U000e0041.md"), "archive-path-hidden-characters"),
    "name that is not UTF-8": (File(b"\xff\xfe.md", flags=UTF8), "archive-path-not-utf-8"),
    "overlong path": (File("a/" * 100 + "b.md"), "archive-path-too-long"),
    "reserved name": (File("con.md"), "archive-path-reserved"),
    "reserved folder": (File("nul/evil.md"), "archive-path-reserved"),
    "reserved name in capitals": (File("agents/LPT1.md"), "archive-path-reserved"),
    "symbolic link": (File("evil.md", b"/etc/passwd", attributes=UNIX_LINK), "archive-link"),
    "Windows junction": (File("evil.md", attributes=0x400), "archive-link"),
    "device": (File("evil.md", attributes=(stat.S_IFCHR | 0o666) << 16), "archive-not-a-file"),
    "pipe": (File("evil.md", attributes=(stat.S_IFIFO | 0o666) << 16), "archive-not-a-file"),
    "folder called like a file": (File("evil.md", attributes=(stat.S_IFDIR | 0o755) << 16), "archive-not-a-file"),
    "encrypted": (File("evil.md", flags=ENCRYPTED), "archive-encrypted"),
    "encrypted in another way": (File("evil.md", flags=ENCRYPTED | 1 << 6), "archive-encrypted"),
    "bzip2": (File("evil.md", method=12), "archive-compression"),
    "unknown compression": (File("evil.md", method=77), "archive-compression"),
    "bomb": (File("evil.md", b"\0" * 200_000), "archive-bomb"),
    "too large": (File("evil.md", b"x" * (MAX_SOURCE_BYTES + 1), method=0), "file-too-large"),
    "too large when packed": (File("evil.md", size=5000, packed=b"x" * 300_000), "file-too-large"),
    "more than stated": (File("evil.md", GOOD * 90, size=len(GOOD)), "archive-file-damaged"),
    "less than stated": (File("evil.md", GOOD, size=len(GOOD) + 1), "archive-file-damaged"),
    "stored size": (File("evil.md", GOOD, method=0, size=len(GOOD) + 1), "archive-file-damaged"),
    "wrong checksum": (File("evil.md", crc=1), "archive-file-damaged"),
    "no deflate stream": (File("evil.md", packed=b"\xff" * 40), "archive-file-damaged"),
    "cut deflate stream": (File("evil.md", packed=deflated(GOOD)[:-4]), "archive-file-damaged"),
    "bytes behind the stream": (File("evil.md", packed=deflated(GOOD) + b"more"), "archive-file-damaged"),
    "other name in its header": (File("evil.md", local_name=b"good.md"), "archive-headers-differ"),
    "other method in its header": (File("evil.md", local_method=0), "archive-headers-differ"),
    "other size in its header": (File("evil.md", local_size=7), "archive-headers-differ"),
    "archive in the archive": (File("inner.zip", honest(("x.md", GOOD))), "archive-in-archive"),
    "tarball in the archive": (File("inner.tar.gz"), "archive-in-archive"),
}


@pytest.mark.parametrize(("faulty", "code"), FAULTY_FILES.values(), ids=FAULTY_FILES)
def test_a_faulty_file_is_refused_with_its_reason_and_the_file_beside_it_is_read(faulty: File, code: str) -> None:
    found = contents(archive(faulty, File("zz/good.md")))
    assert found.pop("a.zip/zz/good.md") == GOOD
    assert list(found.values()) == [code]


TWINS = {
    "the same path": ("evil.md", "evil.md"),
    "case": ("Evil.md", "evil.md"),
    "case of a folder": ("Agents/evil.md", "agents/evil.md"),
    "Unicode form": (NFC, NFD),
    "trailing dots": ("evil./a.md", "evil/a.md"),
    "sharp s": ("straße.md", "STRASSE.md"),
}


@pytest.mark.parametrize("twins", TWINS.values(), ids=TWINS)
def test_of_two_paths_that_some_system_takes_for_one_neither_is_read(twins: tuple[str, str]) -> None:
    found = contents(archive(File(twins[0]), File(twins[1], b"other"), File("zz/good.md")))
    assert found.pop("a.zip/zz/good.md") == GOOD
    assert set(found.values()) == {"archive-twins"}
    assert len(found) == len(set(twins))


# --- Faults of the archive: one line, nothing is read -------------------------------------------------

FILE, OTHER = File("good.md"), File("other.md", b"other")

FAULTY_ARCHIVES = {
    "empty file": (b"", "archive-broken"),
    "text": (GOOD, "archive-broken"),
    "cut short": (archive(FILE)[:-9], "archive-broken"),
    "two glued together": (archive(FILE) + archive(OTHER), "archive-glued"),
    "two glued together and mended": (
        archive(OTHER, before=archive(FILE)),
        "archive-glued",
    ),
    "a program before it": (b"MZ" + archive(FILE), "archive-glued"),
    "data between files and list": (archive(FILE, hidden=b"hidden data"), "archive-glued"),
    "data behind it": (archive(FILE) + b"more", "archive-trailing-data"),
    "two ends, one in the comment of the other": (
        archive(FILE, comment=struct.pack("<4s4H2LH", b"PK\x05\x06", *[0] * 7)),
        "archive-glued",
    ),
    "files that share their bytes": (archive(FILE, File("good.md", offset=0)), "archive-overlap"),
    "list that leads nowhere": (archive(File("good.md", offset=7)), "archive-glued"),
    "list that leads past the end": (archive(File("good.md", offset=0xFFFFFF)), "archive-glued"),
    "more entries than listed": (archive(FILE, count=2), "archive-broken"),
    "fewer entries than listed": (archive(FILE, OTHER, count=1), "archive-broken"),
    "too many entries": (archive(FILE, count=10_001), "archive-too-many-entries"),
    "list of enormous names": (
        archive(*(File("x" * 60_000 + f"{n}.md") for n in range(170))),
        "archive-list-too-large",
    ),
    "one of several parts": (archive(FILE, disk=1), "archive-in-parts"),
    "format for huge archives": (archive(FILE, count=0xFFFF), "archive-zip64"),
    "more than 200 MB unpacked": (
        archive(*(File(f"{n}.bin", size=100_000_000) for n in range(3))),
        "archive-too-large-unpacked",
    ),
}


@pytest.mark.parametrize(("data", "code"), FAULTY_ARCHIVES.values(), ids=FAULTY_ARCHIVES)
def test_a_faulty_archive_is_refused_in_one_line(data: bytes, code: str) -> None:
    assert contents(data) == {"a.zip": code}


def test_an_archive_over_the_size_limit_is_not_looked_into(settings: object) -> None:
    settings.CATALOG_ARCHIVE_MAX_BYTES = 100
    assert contents(archive(FILE)) == {"a.zip": "archive-too-large"}


@pytest.mark.parametrize("position", range(0, 250, 3))
def test_an_archive_with_any_byte_changed_is_read_or_refused(position: int) -> None:
    data = bytearray(archive(FILE, File("more.md", b"more")))
    data[position % len(data)] ^= 0x55
    for found in contents(bytes(data)).values():
        assert found in (GOOD, b"more") or isinstance(found, str)


def test_an_archive_cut_anywhere_is_refused() -> None:
    data = archive(FILE, OTHER)
    for length in range(len(data)):
        assert list(contents(data[:length]).values()) == ["archive-broken"]


# --- Honest archives -------------------------------------------------------------------------------


def test_what_python_writes_is_read_stored_and_deflated() -> None:
    for method in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        found = contents(honest(("b/x.md", GOOD), ("a.md", b""), ("README.md", b"\xff\r\n"), method=method))
        assert found == {"a.zip/README.md": b"\xff\r\n", "a.zip/a.md": b"", "a.zip/b/x.md": GOOD}


@pytest.mark.parametrize("size", [0, 12, 16, 20, 24])
def test_files_written_as_a_stream_with_their_sizes_behind_them_are_read(size: int) -> None:
    streamed = File("s.md", flags=DESCRIPTOR, descriptor=b"d" * size)
    assert contents(archive(streamed, File("t.md"))) == {"a.zip/s.md": GOOD, "a.zip/t.md": GOOD}


def test_a_comment_of_the_archive_and_fields_for_times_do_no_harm() -> None:
    assert contents(archive(File("x.md", extra=b"UT\x05\0\x03abcd"), comment=b"a" * 40)) == {"a.zip/x.md": GOOD}


def test_names_are_read_as_utf_8_or_else_as_dos_wrote_them() -> None:
    found = contents(archive(File("größe.md"), File(b"caf\x82.md")))
    assert list(found) == ["a.zip/café.md", "a.zip/größe.md"]


def test_files_come_in_the_order_of_their_paths_whatever_the_archive_says() -> None:
    found = contents(archive(File("b.md"), File("a/z.md"), File("a.md"), File("A.md", b"")))
    assert list(found) == ["a.zip/A.md", "a.zip/a/z.md", "a.zip/a.md", "a.zip/b.md"]


def test_what_is_not_markdown_is_counted_and_what_systems_add_is_passed_over() -> None:
    ignored: Counter[str] = Counter()
    members = [
        ".DS_Store",
        "__MACOSX/x/._a.md",
        "x/Icon\r",
        ".git/HEAD.md",
        "x/",
        "x/a.md",
        "x/._b.md",
        "x/logo.png",
        "x.txt",
    ]
    data = archive(*map(File, members), File("x/.claude/agents/c.md"))
    found = [candidate.path for candidate in archive_files(io.BytesIO(data), "a.zip", ignored)]
    assert found == ["a.zip/x/.claude/agents/c.md", "a.zip/x/a.md"]
    assert ignored[NOT_MARKDOWN] == 2


@pytest.mark.parametrize("name", ["team.zip", "team (1).zip", "team copy.zip", "team copy 2.zip"])
def test_the_archive_of_one_folder_has_that_folder_as_its_root(name: str) -> None:
    data = archive(File("team/backend/x.md"), File("team/y.md"), File("__MACOSX/team/._y.md"))
    found = {c.path.rpartition("/")[2]: c.folders for c in archive_files(io.BytesIO(data), name, Counter())}
    assert found == {"x.md": ("backend",), "y.md": ()}
    assert next(archive_files(io.BytesIO(data), "other.zip", Counter())).folders == ("team", "backend")


def test_nothing_is_written_by_a_path_of_an_archive(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    inside = tmp_path / "inside"
    inside.mkdir()
    monkeypatch.chdir(inside)
    for faulty, _ in FAULTY_FILES.values():
        contents(archive(faulty, File("zz/good.md")))
    assert list(tmp_path.rglob("*")) == [inside]
