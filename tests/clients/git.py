"""git itself: cloning, fetching, shallow clones, tags and old commits."""

from __future__ import annotations

from tests.clients.bench import AGENT, Bench
from tests.clients.homes import Home
from tests.clients.server import Catalog
from tests.clients.table import Failed, Steps

KEY = "git"
_FILE = f"plugins/{AGENT}/agents/{AGENT}.md"


def story(bench: Bench) -> None:
    home = Home(bench.folder / "git-1")
    version = home.run("git", "--version").split()[2]
    steps = bench.report.steps_of("git", version)
    address = bench.catalog.repository
    with steps.step("`clone`, `fsck`") as tell:
        home.run("git", "clone", "--quiet", address, "whole")
        home.run("git", "-C", "whole", "fsck", "--strict")
        tell(f"{home.run('git', '-C', 'whole', 'rev-list', '--count', 'HEAD').strip()} commits")
    with steps.step("`clone --depth 1`") as tell:
        home.run("git", "clone", "--quiet", "--depth", "1", address, "shallow")
        tell(f"{home.run('git', '-C', 'shallow', 'rev-list', '--count', 'HEAD').strip()} commit")
    _after_a_new_version(bench.catalog, home, steps)
    with steps.step("`clone --filter=blob:none`, and `clone` of a branch by name"):
        home.run("git", "clone", "--quiet", "--filter=blob:none", address, "partial")
        branch = home.run("git", "-C", "whole", "branch", "--show-current").strip()
        home.run("git", "clone", "--quiet", "--branch", branch, "--single-branch", address, "branch")


def _after_a_new_version(catalog: Catalog, home: Home, steps: Steps) -> None:
    old = home.run("git", "-C", "whole", "rev-parse", "HEAD").strip()
    tags = home.run("git", "-C", "whole", "tag", "--list", f"{AGENT}--*").split()
    line = catalog.publish_next(AGENT)
    for name in ("whole", "shallow"):
        with steps.step(f"a new version is published: `pull` in the {name} clone"):
            home.run("git", "-C", name, "pull", "--quiet")
            if line not in (home.project / name / _FILE).read_text(encoding="utf-8"):
                raise Failed("the new version is not there")
    with steps.step("`fetch --depth 1 <old sha>` in an empty repository"):
        home.run("git", "init", "--quiet", "old")
        home.run("git", "-C", "old", "fetch", "--quiet", "--depth", "1", catalog.repository, old)
        home.run("git", "-C", "old", "checkout", "--quiet", "FETCH_HEAD")
        if line in (home.project / "old" / _FILE).read_text(encoding="utf-8"):
            raise Failed("the old commit has the new file")
    with steps.step("`fetch --tags`: each version has one") as tell:
        home.run("git", "-C", "whole", "fetch", "--quiet", "--tags")
        now = home.run("git", "-C", "whole", "tag", "--list", f"{AGENT}--*").split()
        if len(now) != len(tags) + 1:
            raise Failed(f"{tags} → {now}")
        tell(", ".join(f"`{tag}`" for tag in sorted(set(now) - set(tags))))


def private(bench: Bench, token: str) -> None:
    home = Home(bench.folder / "git-2")
    steps = bench.report.steps_of("git", home.run("git", "--version").split()[2])
    with steps.step("private catalog: `clone` refused without a token, and not with one"):
        home.run("git", "clone", "--quiet", bench.catalog.repository, "closed", status=128)
        home.run("git", "clone", "--quiet", bench.catalog.opened_with(token), "open")
