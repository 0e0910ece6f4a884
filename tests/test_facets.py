"""The shelf in memory: what it counts and how it pages, against plain Python over the same rows."""

import random
from collections import Counter
from time import monotonic

import pytest
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from catalog import facets
from catalog.changes import Generation
from catalog.facets import ALL_OF, KINDS, Option, Shelf
from catalog.facets.loading import Row

SORTS = ("name", "new", "updated", "downloaded")
TITLES = {"engineering": "Engineering", "design": "design"}
NOW = Generation(1, timezone.now())


def _some(values: list[str], most: int) -> st.SearchStrategy[tuple[str, ...]]:
    return st.lists(st.sampled_from(values), max_size=most, unique=True).map(tuple)


VALUES = {
    "category": list(TITLES),
    "tag": ["python", "go", "rust", "testing"],
    "model": ["", "opus", "haiku"],
    "tool": ["*", "Bash", "Read", "Write"],
    "mode": ["plan", "acceptEdits"],
}
agents_in_memory = st.builds(
    lambda name, created, updated, downloads, **values: Row(0, name, created, updated, downloads, **values),
    name=st.text("abc", max_size=3),
    created=st.integers(0, 3).map(float),
    updated=st.integers(0, 3).map(float),
    downloads=st.integers(0, 3),
    **{kind: _some(values, 3 if kind in ALL_OF else 1) for kind, values in VALUES.items()},
)
wanted = st.fixed_dictionaries(
    {}, optional={kind: _some([*values, "unheard of"], 3) for kind, values in VALUES.items()}
)


def numbered(rows: list[Row]) -> list[Row]:
    return [row._replace(pk=pk) for pk, row in enumerate(rows, 1)]


def shelf_of(rows: list[Row]) -> Shelf:
    return Shelf.of(NOW, rows, TITLES, monotonic())


def has(row: Row, kind: str, values: tuple[str, ...]) -> bool:
    had = set(getattr(row, kind))
    return not values or (had >= set(values) if kind in ALL_OF else bool(had & set(values)))


def matching(rows: list[Row], filters: facets.Filters, but: str = "") -> list[Row]:
    return [row for row in rows if all(has(row, kind, filters[kind]) for kind in filters if kind != but)]


def counted(rows: list[Row], filters: facets.Filters, kind: str) -> list[Option]:
    but = "" if kind in ALL_OF else kind
    counts = Counter(value for row in matching(rows, filters, but) for value in getattr(row, kind))
    titles = TITLES if kind == "category" else {}
    options = [Option(value, titles.get(value, value), count) for value, count in counts.items()]
    return sorted(options, key=lambda option: (-option.count, option.title.casefold(), option.value))


def ordered(rows: list[Row], sort: str) -> list[int]:
    key = {
        "name": lambda row: (row.name, row.pk),
        "new": lambda row: (-row.created_at, -row.pk),
        "updated": lambda row: (-row.updated_at, -row.pk),
        "downloaded": lambda row: (-row.downloads, -row.pk),
    }[sort]
    return [row.pk for row in sorted(rows, key=key)]


def hold_to(shelf: Shelf, rows: list[Row], filters: facets.Filters) -> None:
    chosen = shelf.chosen(filters)
    left = matching(rows, filters)
    assert (shelf.total, len(chosen), bool(chosen)) == (len(rows), len(left), bool(left))
    counts = shelf.counts(chosen, filters)
    assert counts == {kind: counted(rows, filters, kind) for kind in KINDS}
    for kind, few in shelf.counts(chosen, filters, 2).items():
        assert few[:2] == counts[kind][:2]
        assert {option.value for option in few[2:]} <= set(filters.get(kind, ()))
        assert [option for option in counts[kind] if option.value in filters.get(kind, ()) and option not in few] == []
    for sort in SORTS:
        pages = [shelf.page(chosen, sort, first, 3) for first in range(0, len(left) + 3, 3)]
        assert [pk for page in pages for pk in page] == ordered(left, sort)
        assert all(len(page) == 3 for page in pages[:-2])


@given(st.lists(agents_in_memory, max_size=12).map(numbered), wanted)
def test_counts_and_pages_are_those_of_the_rows(rows: list[Row], filters: facets.Filters) -> None:
    hold_to(shelf_of(rows), rows, filters)


@given(
    st.lists(agents_in_memory, max_size=8).map(numbered),
    st.lists(st.dictionaries(st.integers(1, 12), st.none() | agents_in_memory, max_size=4), max_size=4),
    wanted,
)
def test_a_shelf_that_followed_is_the_one_loaded_anew(
    rows: list[Row], steps: list[dict[int, Row | None]], filters: facets.Filters
) -> None:
    now, shelf = {row.pk: row for row in rows}, shelf_of(rows)
    for step in steps:
        changed = {pk: row._replace(pk=pk) for pk, row in step.items() if row}
        before, shelf = shelf, shelf.followed(NOW, step, changed.values(), TITLES)
        hold_to(before, list(now.values()), filters)
        now = {pk: row for pk, row in now.items() if pk not in step} | changed
    hold_to(shelf, list(now.values()), filters)


@given(st.lists(agents_in_memory, max_size=12).map(numbered), wanted, st.lists(st.integers(1, 15), unique=True))
def test_what_a_search_found_is_counted_as_all_agents_are(
    rows: list[Row], filters: facets.Filters, found: list[int]
) -> None:
    shelf, among = shelf_of(rows), [row for row in rows if row.pk in found]
    chosen = shelf.chosen(filters, within=shelf.among(found))
    left = {row.pk for row in matching(among, filters)}
    assert shelf.kept(found, chosen) == [pk for pk in found if pk in left]
    assert shelf.counts(chosen, filters) == {kind: counted(among, filters, kind) for kind in KINDS}


@pytest.fixture(scope="module")
def many() -> list[Row]:
    """Enough that some values are frequent and others rare, and that orders have several blocks."""
    chance = random.Random(7)
    tags = [f"tag-{number}" for number in range(400)]
    weights = [1 / (number + 1) for number in range(400)]

    def row(pk: int) -> Row:
        moment = float(chance.randrange(1000))
        had = tuple(set(chance.choices(tags, weights, k=chance.randrange(5))))
        model = chance.choice(VALUES["model"])
        tools = tuple(chance.sample(VALUES["tool"], chance.randrange(4)))
        return Row(pk, f"{chance.random()}", moment, moment, chance.randrange(9), (), had, (model,), tools, ())

    return [row(pk) for pk in range(1, 7001)]


@pytest.mark.parametrize(
    "filters",
    [
        {},
        {"tag": ("tag-0",)},
        {"tag": ("tag-0", "tag-1")},
        {"tag": ("tag-200",)},
        {"model": ("opus",), "tool": ("Bash",)},
    ],
    ids=str,
)
def test_frequent_and_rare_values_are_counted_alike(many: list[Row], filters: facets.Filters) -> None:
    shelf, left = shelf_of(many), matching(many, filters)
    chosen = shelf.chosen(filters)
    counts = shelf.counts(chosen, filters)
    assert counts == {kind: counted(many, filters, kind) for kind in KINDS}
    assert [option.value for option in shelf.counts(chosen, {}, 20)["tag"]] == [
        option.value for option in counts["tag"][:20]
    ]
    for sort in SORTS:
        expected = ordered(left, sort)
        for first in (0, 1000, max(len(left) - 20, 0)):
            assert shelf.page(chosen, sort, first, 30) == expected[first : first + 30]


def test_an_order_follows_however_many_agents_come_and_go(many: list[Row]) -> None:
    shelf = shelf_of(many[:10])
    shelf = shelf.followed(NOW, [row.pk for row in many], many, TITLES)
    hold = [row for row in many if row.pk % 5 == 0]
    shelf = shelf.followed(NOW, [row.pk for row in many], hold, TITLES)
    for sort in SORTS:
        assert shelf.page(shelf.chosen({}), sort, 0, 7000) == ordered(hold, sort)
    assert shelf.counts(shelf.chosen({}), {}) == {kind: counted(hold, {}, kind) for kind in KINDS}


def test_page_after_page_every_agent_comes_once(many: list[Row]) -> None:
    shelf = shelf_of(many)
    everyone = shelf.chosen({})
    for sort in SORTS:
        pages = [shelf.page(everyone, sort, first, 30) for first in range(0, shelf.total, 30)]
        assert Counter(pk for page in pages for pk in page) == {row.pk: 1 for row in many}


@pytest.mark.parametrize("size", [40, 5_000])
@pytest.mark.parametrize("sort", ["name", "updated"])
def test_pages_that_go_on_from_a_place_hold_every_agent_once(size: int, sort: str) -> None:
    """With few chosen, which are put in order themselves, and with many, which lie in blocks."""
    rows = [
        row_of(pk, f"agent-{(pk * 7_919) % size:05}", updated_at=float((pk * 31) % 97)) for pk in range(1, size + 1)
    ]
    shelf = Shelf.of(Generation(1, None), rows, {}, 0.0)
    everybody = shelf.chosen({})
    wanted = shelf.page(everybody, sort, 0, size)
    found: list[int] = []
    place = None
    while page := shelf.page_after(everybody, sort, place, 37):
        found += page
        place = shelf.place_of(page[-1], sort)
    assert found == wanted
    assert sorted(found) == list(range(1, size + 1))


def test_going_on_needs_nobody_at_the_place() -> None:
    rows = [row_of(pk, f"agent-{pk:03}") for pk in range(1, 600)]
    shelf = Shelf.of(Generation(1, None), rows, {}, 0.0)
    assert shelf.page_after(shelf.chosen({}), "name", ("agent-300x", 0), 2) == [301, 302]
    assert shelf.page_after(shelf.chosen({}), "name", ("zzz", 0), 2) == []
    few = shelf.among([5, 301, 400])
    assert shelf.page_after(few, "name", ("agent-300x", 0), 5) == [301, 400]


def row_of(pk: int, name: str, updated_at: float = 0.0) -> Row:
    return Row(pk, name, 0.0, updated_at, 0, (), (), (), (), ())
