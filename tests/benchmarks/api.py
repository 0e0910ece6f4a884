"""What the lists and questions of the API cost in catalogs of growing size, told and held to bars as pages are.

Each answer is made anew, unless it is one from memory. The last page of a list is its last full one.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path
from statistics import median
from typing import Any

from tests.benchmarks.pages import Page, at_most, tell
from tests.benchmarks.spread import ratios
from tests.benchmarks.worker import Worker

MODULE = "tests.benchmarks.answering"
FIRST, DEEP = "page 1", ("middle", "last page")
PLAIN, RARE, WORDS = "agents", "rare tag", "words"
MEMORY = ("from memory", "304")
FEW, MANY = "10", "1,000"  # pins of a question, agents of a bundle

MOST_OF_A_DEEP_PAGE = 1.5  # of page 1
MOST_GROWTH = 2.0  # from the smallest catalog to the largest
MOST_OF_A_NARROWED = 2.0  # of page 1 of all agents
MOST_FROM_MEMORY = 0.5  # of the same answer made anew
MOST_OVER_FEW = 8.0  # MiB that a bundle of a thousand agents takes on top of what one of ten does


def measure(sizes: Iterable[int], into: Path, rounds: int) -> bool:
    """Print the table; whether every bar is kept."""
    sizes = sorted(sizes)
    workers, asked = [], dict[int, list[list[Any]]]()
    for size in sizes:  # one after the other: to make a large catalog is work for the whole machine
        worker = Worker(size, into, MODULE)
        workers.append(worker)
        told = worker.ready()
        about = f"{size:,} agents and {told['changes']:,} changes on {told['vendor']}"
        print(f"{about}: garbage collection {told['collection']:.0f} ms", flush=True)
        asked[size] = told["questions"]
    found = _pages(asked)
    try:
        for _ in range(rounds):
            for page in found.values():
                for worker in workers:
                    page.ask(worker)
        memory = {worker.size: {count: _memory(worker, count) for count in (FEW, MANY)} for worker in workers}
    finally:
        for worker in workers:
            worker.close()
    _show(found, memory, sizes)
    kept = [tell(*bar) for bar in bars(found, memory)]
    return all(kept)


def _pages(asked: dict[int, list[list[Any]]]) -> dict[str, Page]:
    """Of every size, in the order of the largest: a small catalog has not all pages of a list."""
    found: dict[str, Page] = {}
    for kind, what, known in asked[max(asked)]:
        name = f"{kind}: {what}" if what else kind
        least = min(size for size, questions in asked.items() if [kind, what, known] in questions)
        found[name] = Page(kind, what, name, known=known, least=least)
    return found


def _memory(worker: Worker, agents: str) -> float:
    """The most that a bundle takes of it while it is sent, in MiB."""
    return worker.ask(address=f"bundle: {agents} agents", known=False, changed=False, traced=True)["peak"] / 2**20


def _show(found: dict[str, Page], memory: dict[int, dict[str, float]], sizes: list[int]) -> None:
    heading = "".join(f"{size:>10,}" for size in sizes)
    print(f"\n{'milliseconds':34}{heading}{'ratio':>8}{'queries':>9}{'SQL':>8}{'ratio':>8}")
    for page in found.values():
        print(page.row(sizes))
    print("\nMiB at most")
    for count in (FEW, MANY):
        print(f"{f'bundle: {count} agents':34}{''.join(f'{memory[size][count]:10.1f}' for size in sizes)}")
    print()


def bars(found: dict[str, Page], memory: dict[int, dict[str, float]]) -> Iterator[tuple[str, bool, str]]:
    """What is asked for, whether it is so, and what is worst."""
    wrong = [page.name for page in found.values() if not page.is_answered]
    yield "every answer is there", not wrong, ", ".join(wrong)
    if wrong:  # the other figures say nothing
        return
    # What words find decides what is looked up next, and what is rare is looked for a bounded number of times.
    even = [page for page in found.values() if page.kind != WORDS and RARE not in page.kind]
    uneven = [page.name for page in even if len(set(page.queries.values())) > 1]
    yield "as many queries at every size", not uneven, ", ".join(uneven)
    few, many = found[f"outdated: {FEW} pins"], found[f"outdated: {MANY} pins"]
    yield "as many queries for a thousand pins as for ten", few.queries == many.queries, ""
    deep = _to(found, (page for page in found.values() if page.what in DEEP), FIRST)
    yield at_most("a page in the middle, or the last one, to page 1", deep, MOST_OF_A_DEEP_PAGE)
    narrowed = (page for page in found.values() if page.what == FIRST and page.kind not in (WORDS, "changes"))
    shares = {page.name: _share(page, found[f"{PLAIN}: {FIRST}"]) for page in narrowed}
    yield at_most("page 1 of agents that are narrowed down, to page 1 of all", shares, MOST_OF_A_NARROWED)
    # Of what is rare there is more to show in a larger catalog.
    growing = (page for page in found.values() if RARE not in page.kind and len(page.page) > 1)
    growth = {page.name: page.growth for page in growing}
    yield at_most("the largest catalog to the smallest", growth, MOST_GROWTH)
    repeated = [found[f"agent: {what}"] for what in MEMORY]
    from_memory = {page.name: _share(page, found["agent"]) for page in repeated}
    from_memory |= _to(found, [found[f"{PLAIN}: {MEMORY[0]}"]], FIRST)
    yield at_most("an answer from memory to the same made anew", from_memory, MOST_FROM_MEMORY)
    more = {f"{size:,}": taken[MANY] - taken[FEW] for size, taken in memory.items()}
    yield at_most("MiB for a bundle of a thousand agents more than for ten", more, MOST_OVER_FEW)


def _to(found: dict[str, Page], pages: Iterable[Page], other: str) -> dict[str, float]:
    """What the pages cost, each to another one of its kind."""
    return {page.name: _share(page, found[f"{page.kind}: {other}"]) for page in pages}


def _share(page: Page, other: Page) -> float:
    """Of what the other costs in the same catalog: in the one where it is most."""
    return max(median(ratios(page.page[size], other.page[size])) for size in page.page.keys() & other.page.keys())
