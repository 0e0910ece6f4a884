"""The lines of direction between the rooms, and the smells a machine can find, read from the source."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.contrib.staticfiles import finders

pytestmark = pytest.mark.plain

ROOT = Path(__file__).resolve().parents[1]
CATALOG = ROOT / "catalog"
MODULES = sorted(path for path in CATALOG.rglob("*.py"))
TEMPLATES = sorted((ROOT / "templates").rglob("*.html"))

SURFACES = {"admin", "views", "api", "management"}
WRITERS = {"publishing", "drafting", "importing", "shelving", "collecting", "changes", "counting", "tokens", "repeats"}
READERS = {
    "projection",
    "search",
    "facets",
    "comparing",
    "clashes",
    "contents",
    "rendering",
    "triggers",
    "downloads",
    "groups",
    "readers",
    "callers",
    "throttling",
    "memory",
}
INNER = {"definition", "exports", "models", "feeds", "sitemaps", *READERS}
# Which rooms each room may import. A new room says here where it stands.
MAY_IMPORT = {
    "definition": set(),
    "exports": {"definition"},
    "rendering": {"definition", "comparing"},
    "models": {"definition"},
    "triggers": {"models"},
    "projection": {"models", "definition"},
    "search": {"models", "definition"},
    "memory": set(),
    "downloads": {"counting", "changes", "memory", "definition"},
    "changes": {"models"},
    "facets": {"models", "definition", "changes"},
    "comparing": {"definition"},
    "callers": set(),
    "throttling": {"callers"},
    "counting": {"models", "callers"},
    "tokens": {"models", "counting"},
    "repeats": {"models"},
    "publishing": {"models", "definition", "projection", "search", "changes"},
    "drafting": {"models", "definition", "publishing", "search"},
    "importing": {"models", "definition", "publishing", "drafting", "search", "changes"},
    "shelving": {"models", "search", "changes"},
    "collecting": {"models", "definition", "changes"},
    "clashes": {"models"},
    "contents": {"models", "definition", "clashes"},
    "distribution": {"models", "definition", "exports", "downloads", "counting", "memory", "changes"},
    "feeds": {"models", "rendering"},
    "sitemaps": {"models"},
    "templatetags": {"models", "definition", "rendering"},
    "system_checks": set(),
    "groups": set(),
    "readers": set(),
    "apps": {"system_checks", "triggers", "groups"},
    "urls": {"views"},
    "migrations": set(),
    **{surface: INNER | WRITERS | {"distribution", "templatetags", "system_checks"} for surface in SURFACES},
}
DRAWERS = {"utils", "helpers", "common", "core", "mixins", "constants", "misc"}


def relative(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def room_of(path: Path) -> str:
    return path.relative_to(CATALOG).with_suffix("").parts[0]


def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), relative(path))


def imported_modules(path: Path) -> Iterator[str]:
    """Every module a file imports, inside functions too, as a dotted name; `from a import b` is `a.b`."""
    package = path.relative_to(ROOT).parent.parts
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            up = package[: len(package) - node.level + 1] if node.level else ()
            module = ".".join([*up, *filter(None, [node.module])])
            yield from (f"{module}.{alias.name}" for alias in node.names)


def rooms_imported(path: Path) -> set[str]:
    imported = {name.split(".")[1] for name in imported_modules(path) if name.startswith("catalog.")}
    return imported - {room_of(path)}


def dotted(node: ast.AST) -> str:
    """`Version.objects.create` for the expression of that form, "" for any other."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        return f"{dotted(node.value)}.{node.attr}"
    return ""


def names_used(path: Path) -> set[str]:
    return {dotted(node) for node in ast.walk(tree_of(path)) if isinstance(node, ast.Name | ast.Attribute)}


def calls_in(path: Path) -> set[str]:
    return {dotted(node.func) for node in ast.walk(tree_of(path)) if isinstance(node, ast.Call)}


def users_of(pattern: str, found: dict[Path, set[str]], *, but: tuple[str, ...]) -> list[str]:
    """Files that use a name of this form, other than those whose path begins with one of `but`."""
    return [
        relative(path)
        for path, names in found.items()
        if any(re.fullmatch(pattern, name) for name in names) and not relative(path).startswith(but)
    ]


USED = {path: names_used(path) for path in MODULES}
CALLED = {path: calls_in(path) for path in MODULES}
IMPORTED = {path: set(imported_modules(path)) for path in MODULES}


@pytest.mark.parametrize("path", MODULES, ids=relative)
def test_a_room_imports_only_the_rooms_it_may(path: Path) -> None:
    room = room_of(path)
    if room == "__init__":
        assert rooms_imported(path) == set()
        return
    assert room in MAY_IMPORT, f"{room} is a new room: say in MAY_IMPORT which rooms it may import"
    assert rooms_imported(path) <= MAY_IMPORT[room]


def test_the_file_format_and_the_exports_are_plain_python() -> None:
    plain = [path for path in MODULES if room_of(path) in ("definition", "exports")]
    users = {relative(path): name for path in plain for name in IMPORTED[path] if name.split(".")[0] == "django"}
    assert users == {}


def test_only_the_definition_reads_yaml_or_computes_a_digest_and_only_the_exports_write_yaml() -> None:
    knows_yaml = ("catalog/definition/", "catalog/exports/markdown.py")
    assert users_of(r"(yaml|frontmatter)(\..*)?", IMPORTED, but=knows_yaml) == []
    # The API tells the digest of its own answers too; the installer runs where nothing of the catalog is; git names
    # what it holds by digests of its own.
    distribution = ("install.py", "plugins.py", "repository/")
    but = ("catalog/definition/", "catalog/api/", *(f"catalog/distribution/{name}" for name in distribution))
    assert users_of(r"hashlib(\..*)?", IMPORTED, but=but) == []


def test_only_rendering_makes_markup_safe() -> None:
    assert users_of(r"(.*\.)?mark_safe", USED, but=("catalog/rendering",)) == []
    assert users_of(r"(.*\.)?Safe(String|Text)", CALLED, but=("catalog/rendering",)) == []
    filters = re.compile(r"\|\s*safe\b|\bsafeseq\b|\{%\s*autoescape\s+off")
    assert [relative(path) for path in TEMPLATES if filters.search(path.read_text(encoding="utf-8"))] == []


def test_only_publishing_makes_versions_and_only_drafting_makes_drafts() -> None:
    making = r"{0}(\.objects\.(create|bulk_create|get_or_create|update_or_create))?"
    assert users_of(making.format("Version"), CALLED, but=("catalog/publishing", "catalog/projection")) == []
    assert users_of(making.format("Draft"), CALLED, but=("catalog/drafting",)) == []
    recorders = tuple(f"catalog/{room}" for room in ("publishing", "drafting", "shelving", "collecting", "tokens"))
    assert users_of(making.format("Event"), CALLED, but=recorders) == []


def test_only_changes_says_that_the_public_sees_something_else() -> None:
    assert users_of(r"Change(\.objects\.(create|bulk_create))?", CALLED, but=("catalog/changes",)) == []


def test_only_the_settings_read_the_environment() -> None:
    # quickstart hands the environment on to the server it becomes; the installer runs where no settings are
    but = ("catalog/management/commands/quickstart.py", "catalog/distribution/install.py")
    assert users_of(r"os\.(environ|getenv)(\..*)?", USED, but=but) == []
    assert users_of(r"environs(\..*)?", IMPORTED, but=()) == []


def test_no_template_holds_inline_script_style_or_event_handler() -> None:
    script = r"<script(?![^>]*\ssrc=)(?! type=\"application/ld\+json\">)"
    inline = re.compile(rf"<style\b|\sstyle\s*=|\son[a-z]+\s*=|{script}|javascript:", re.IGNORECASE)
    found = {
        f"{relative(path)}: {match.group().strip()}"
        for path in TEMPLATES
        for match in inline.finditer(path.read_text(encoding="utf-8"))
    }
    assert found == set()


def test_every_static_file_that_a_template_names_is_there() -> None:
    named = re.compile(r"""\{%\s*static\s+["']([^"']+)""")
    names = {name for path in TEMPLATES for name in named.findall(path.read_text(encoding="utf-8"))}
    assert {name for name in names if finders.find(name) is None} == set()


def test_there_are_no_drawers() -> None:
    assert [relative(path) for path in MODULES if DRAWERS & set(path.with_suffix("").parts)] == []


@pytest.mark.parametrize("path", [path for path in MODULES if path.read_bytes()], ids=relative)
def test_a_module_says_what_it_is_and_stays_readable(path: Path) -> None:
    tree = tree_of(path)
    if room_of(path) != "migrations":
        assert ast.get_docstring(tree), "open with one sentence saying what this module owns"
        assert len(path.read_text(encoding="utf-8").splitlines()) <= 420, "split it by noun"
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
    long = [f"{f.name}: {lines}" for f in functions if (lines := f.end_lineno - f.lineno + 1) > 50]
    assert long == []


def test_migrations_import_nothing_of_the_catalog() -> None:
    migrations = {path: names for path, names in IMPORTED.items() if room_of(path) == "migrations"}
    assert users_of(r"catalog\..*", migrations, but=()) == []


def test_the_verification_runs_the_test_command_of_the_readme() -> None:
    command = "-m tests"
    readme = (ROOT / "README.md").read_text(encoding="utf-8").splitlines()
    [line] = [line.strip() for line in readme if command in line and "pip install" in line]
    assert line.replace(" --quiet", "") in (ROOT / ".ci" / "run").read_text().replace(" --quiet", "")
