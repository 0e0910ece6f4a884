"""What a client makes of a new version, and of one that is withdrawn again."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from tests.clients.bench import AGENT, Bench
from tests.clients.table import Failed, Steps


def follow(
    bench: Bench,
    steps: Steps,
    way: str,
    update: Callable[[], object],
    version: Callable[[], str],
    file: Callable[[], Path],
) -> None:
    """`update` is what people type, `version` what the client then tells, `file` the agent as it has it."""

    def changed(tell: Callable[[str], None], is_there: bool) -> None:
        before = version()
        update()
        now = version()
        if now == before:
            raise Failed(f"it stays at {before}")
        if (line in file().read_text(encoding="utf-8")) is not is_there:
            raise Failed(f"{before} → {now}, but the file is {'not the new' if is_there else 'still that'} one")
        tell(f"{before} → {now}")

    line = bench.catalog.publish_next(AGENT)
    with steps.step(f"a new version is published: {way}") as tell:
        changed(tell, is_there=True)
    bench.catalog.withdraw_latest(AGENT)
    with steps.step(f"it is withdrawn: {way}") as tell:
        changed(tell, is_there=False)
