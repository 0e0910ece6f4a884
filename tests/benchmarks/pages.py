"""What pages cost in catalogs of growing size, each in a process of its own, asked in turns.

Of every page: the milliseconds of an answer of Django within the process (the median of many), at each size; how
they grow from the smallest catalog to the largest; its queries; and in the largest the milliseconds of the same
statements executed alone. The bars at the end are ratios of these; the exit status is 1 where one is not kept.
"""

import statistics
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlencode

from tests.benchmarks.catalogs import SHELVES, TAGS
from tests.benchmarks.texts import NOUNS
from tests.benchmarks.worker import Worker

MOST_GROWTH = 2.0  # of list, facet and search pages
MOST_QUERIES = 12  # of a search
MOST_OVER_SQL = 3.0  # of search pages
MOST_OF_A_DEEP_PAGE = 1.5  # of page 1
DEEP = 1_000
PAGE_SIZE = 30

WORD, OTHER, MISSPELT, PREFIX = "database", "review", "databsae", "datab"


@dataclass
class Page:
    """A page of the catalog, and what it cost at each size."""

    kind: str
    what: str
    address: str
    known: bool = False  # the reader has it, and asks whether it changed
    changed: bool = False  # an agent was published just before
    least: int = 0  # agents a catalog must have for it
    status: set[int] = field(default_factory=set)
    queries: dict[int, int] = field(default_factory=dict)
    page: dict[int, list[float]] = field(default_factory=dict)
    sql: dict[int, list[float]] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return f"{self.kind}: {self.what}" if self.what else self.kind

    def ask(self, worker: Worker) -> None:
        if worker.size < self.least or not self.is_answered:
            return
        cost = worker.ask(address=self.address, known=self.known, changed=self.changed)
        self.status.add(cost["status"])
        self.queries[worker.size] = cost["queries"]
        self.page.setdefault(worker.size, []).append(cost["page"])
        self.sql.setdefault(worker.size, []).append(cost["sql"])

    def milliseconds(self, size: int) -> float:
        return statistics.median(self.page[size])

    @property
    def growth(self) -> float:
        return self.milliseconds(max(self.page)) / self.milliseconds(min(self.page))

    @property
    def bare(self) -> float:
        return statistics.median(self.sql[max(self.sql)])

    @property
    def over_sql(self) -> float:
        return self.milliseconds(max(self.page)) / self.bare if self.bare else 0

    def row(self, sizes: list[int]) -> str:
        cells = [f"{self.milliseconds(size):10.1f}" if size in self.page else f"{'':10}" for size in sizes]
        growth = f"{self.growth:8.2f}" if len(self.page) > 1 else f"{'':8}"
        queries = " ".join(map(str, sorted(set(self.queries.values()))))
        over = f"{self.bare:8.1f}{self.over_sql:8.2f}" if self.bare >= 0.005 else ""
        wrong = "" if self.is_answered else f"   {self.status}"
        return f"{self.name:34}{''.join(cells)}{growth}{queries:>9}{over}{wrong}"

    @property
    def is_answered(self) -> bool:
        return self.status <= {304 if self.known else 200}


def pages(name: str, lead: str) -> Iterator[Page]:
    """Every page that is asked for; of one agent where it is of one, found by words that no other has."""
    *_, before, rare = lead.split(". ")[0].split()
    phrase = f'"{before} {rare}"'
    shelf, tag = SHELVES[0], TAGS[0]
    agent = f"/agents/{name}/"

    def listed(**asked: object) -> str:
        return f"/agents/?{urlencode(asked, doseq=True)}"

    yield Page("home", "", "/")
    yield Page("list", "", "/agents/")
    yield Page("list", "page 2", listed(page=2), least=2 * PAGE_SIZE)
    yield Page("list", f"page {DEEP:,}", listed(page=DEEP), least=(DEEP + 2) * PAGE_SIZE)
    for sort in ("name", "new", "updated", "downloaded"):
        yield Page("list", f"by {sort}", listed(sort=sort))
    yield Page("list", f"by updated, page {DEEP:,}", listed(sort="updated", page=DEEP), least=(DEEP + 2) * PAGE_SIZE)
    yield Page("list", "after a change", "/agents/", changed=True)
    one_by_one = {"category": shelf, "tag": tag, "model": "sonnet", "tool": "Bash", "mode": "acceptEdits"}
    for kind, value in one_by_one.items():
        yield Page("facet", kind, listed(**{kind: value}))
    yield Page("facet", "several", listed(category=SHELVES[:2], tool="Read", sort="updated"))
    for what, query in {
        "a common word": WORD,
        "a rare word": rare,
        "two words": f"{WORD} {OTHER}",
        "a phrase": phrase,
        "a prefix": PREFIX,
        "a word of names": "reviewer",
        "Japanese": f"{NOUNS[0]}の{NOUNS[1]}",
        "a misspelt word": MISSPELT,
        "a filter in the box": f"{WORD} category:{shelf}",
    }.items():
        yield Page("search", what, listed(q=query))
    yield Page("search", "a word, filtered", listed(q=WORD, category=shelf, tool="Read"))
    yield Page("search", "a word, page 2", listed(q=WORD, page=2), least=1_000)
    yield Page("categories", "", "/categories/")
    yield Page("category", "", f"/categories/{shelf}/")
    yield Page("tags", "", "/tags/")
    yield Page("tag", "", f"/tags/{tag}/")
    yield Page("agent", "", agent)
    yield Page("version", "", f"{agent}1/")
    yield Page("compare", "", f"{agent}compare/1/3/")
    yield Page("collection", "", "/collections/set-0/")
    yield Page("feed", "", "/feed/")
    yield Page("sitemap", "a part", "/sitemap-1.xml")
    yield Page("304", "of the list", "/agents/", known=True)
    yield Page("304", "of an agent", agent, known=True)


def measure(sizes: Iterable[int], into: Path, rounds: int) -> bool:
    """Print the table; whether every bar is kept."""
    sizes = sorted(sizes)
    workers, agent = [], {}
    for size in sizes:  # one after the other: to make a large catalog is work for the whole machine
        workers.append(Worker(size, into))
        agent = workers[-1].ready()
        print(f"{size:,} agents on {agent.pop('vendor')}: facets read in {agent.pop('facets'):.0f} ms", flush=True)
    found = list(pages(**agent))
    try:
        for _ in range(rounds):
            for page in found:
                for worker in workers:
                    page.ask(worker)
    finally:
        for worker in workers:
            worker.close()
    found = [page for page in found if page.page]
    heading = "".join(f"{size:>10,}" for size in sizes)
    print(f"\n{'milliseconds':34}{heading}{'ratio':>8}{'queries':>9}{'SQL':>8}{'ratio':>8}")
    for page in found:
        print(page.row(sizes))
    print()
    kept = [tell(*bar) for bar in bars(found)]
    return all(kept)


def bars(found: list[Page]) -> Iterator[tuple[str, bool, str]]:
    """What is asked for, whether it is so, and what is worst."""
    wrong = [page.name for page in found if not page.is_answered]
    yield "every page is there", not wrong, ", ".join(wrong)
    uneven = [page.name for page in found if page.kind != "search" and len(set(page.queries.values())) > 1]
    yield "as many queries at every size", not uneven, ", ".join(uneven)
    # What is found decides which texts an excerpt is taken from, and whether a word was mistyped.
    most = {page.name: max(page.queries.values()) for page in found if page.kind == "search"}
    yield at_most("queries of a search, at any size", most, MOST_QUERIES)
    for kind in ("list", "facet", "search"):
        growing = {page.name: page.growth for page in found if page.kind == kind and len(page.page) > 1}
        yield at_most(f"{kind} pages, largest to smallest", growing, MOST_GROWTH)
    size = max(size for page in found for size in page.page)
    costs = {page.name: page.milliseconds(size) for page in found if size in page.page}
    # Where the SQL takes less than writing thirty agents down, that may come on top of it.
    over = {
        page.name: costs[page.name] / max(MOST_OVER_SQL * page.bare, page.bare + costs["list"])
        for page in found
        if page.kind == "search" and page.bare
    }
    yield at_most(f"search pages, to {MOST_OVER_SQL:g} times their SQL, or that once and a list page", over, 1)
    for first, deep in (("list", f"list: page {DEEP:,}"), ("list: by updated", f"list: by updated, page {DEEP:,}")):
        if deep in costs:
            yield at_most("page 1,000 to page 1", {deep: costs[deep] / costs[first]}, MOST_OF_A_DEEP_PAGE)
    shares = {
        page: costs[f"304: of {page}"] / costs[key] for page, key in (("the list", "list"), ("an agent", "agent"))
    }
    yield at_most("a 304 to its page", shares, 0.5)


def at_most(what: str, ratios: dict[str, float], most: float) -> tuple[str, bool, str]:
    worst = sorted(ratios.items(), key=lambda one: -one[1])
    over = [f"{name} {ratio:.2f}" for name, ratio in worst if ratio > most] or [f"{n} {r:.2f}" for n, r in worst[:1]]
    return f"{what}: at most {most:g}", not worst or worst[0][1] <= most, ", ".join(over)


def tell(what: str, is_kept: bool, worst: str) -> bool:
    print(f"{'PASS' if is_kept else 'FAIL'}  {what}" + (f" ({worst})" if worst else ""))
    return is_kept
