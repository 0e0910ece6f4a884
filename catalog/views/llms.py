"""llms.txt, after llmstxt.org: what language models should know of the catalog, as Markdown.

Imports `models` and `exports`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from urllib.parse import quote

from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext

from catalog.distribution.marketplace import repository_address
from catalog.exports import TOOLS
from catalog.models import Agent, Category, Collection
from catalog.templatetags.about import in_one_line

MOST = 1_000  # agents listed; the API has all
LEAD_MAX = 160
_MARKUP = re.compile(r"([\\\[\]()<>`*_#])")


def text() -> str:
    """Four questions to the rows, in a catalog of any size."""
    agents = _agents()
    sections = [
        _introduction(),
        _section(gettext("How to fetch"), _ways()),
        _section(gettext("How to install"), _installers()),
        _section(gettext("Collections"), _collections()),
        _section(gettext("Categories"), _categories()),
        _section(gettext("Agents"), _listed(agents)),
    ]
    return "\n\n".join(filter(None, sections)) + "\n"


def _introduction() -> str:
    summary = gettext(
        "AI coding agents that a team wrote, reviewed and published. Each one is a Markdown file: fields that say "
        "when to use it and with which tools, then its system prompt."
    )
    if settings.CATALOG_PRIVATE:
        promise = gettext(
            "Every published version has a number and never changes. The catalog is private: every address needs a "
            "token, sent as `Authorization: Bearer agc_…` or as the password of Basic authentication."
        )
    else:
        promise = gettext("Every published version has a number and never changes. Nothing here needs an account.")
    return f"# {_plain(settings.CATALOG_NAME)}\n\n> {summary}\n\n{promise}"


def _ways() -> list[str]:
    file = f"{settings.CATALOG_BASE_URL}{reverse('catalog:agent_list')}{{name}}.md"
    pinned = file.replace("{name}", "{name}/{number}")
    api = settings.CATALOG_BASE_URL + reverse("api:list_agents")
    exports = {"address": f"{api}/{{name}}/versions/latest/download?format={{tool}}", "tools": ", ".join(TOOLS)}
    return [
        gettext("The file of an agent, byte for byte: `%(address)s`") % {"address": file},
        gettext("One version of it, for ever: `%(address)s`") % {"address": pinned},
        gettext("Written for another coding tool: `%(address)s` (%(tools)s)") % exports,
        gettext("Search, as JSON: `%(address)s`") % {"address": f"{api}?q={{words}}"},
        _link(gettext("The API"), reverse("api:openapi-view"), gettext("every address and answer of it")),
        _link(gettext("OpenAPI document"), reverse("api:openapi-json"), ""),
        _link(gettext("What is new"), reverse("catalog:feed"), gettext("an Atom feed of every version published")),
        _link(gettext("AI Catalog"), reverse("catalog:ai_catalog"), gettext("every agent, as programs look for them")),
    ]


def _installers() -> list[str]:
    base = settings.CATALOG_BASE_URL
    repository, marketplace = repository_address(), base + reverse("catalog:marketplace")
    registry = {"address": f"{base}/apm", "package": "agents/{name}"}
    script = _link("install.py", reverse("catalog:installer"), gettext("installs agents and keeps them up to date"))
    return [
        gettext("Claude Code, Copilot CLI, Qwen Code: a marketplace of plugins, `%(address)s`")
        % {"address": repository},
        gettext("The same for Claude Code without git: `%(list)s`") % {"list": marketplace},
        gettext("APM: a registry of packages `%(package)s` at `%(address)s`") % registry,
        script,
    ]


def _collections() -> list[str]:
    found = Collection.objects.published().order_by("title", "pk")[:MOST]
    return [_link(one.title, one.get_absolute_url(), one.introduction) for one in found]


def _categories() -> list[str]:
    found = Category.objects.in_use().order_by("title", "pk")[:MOST]
    return [_link(one.title, one.get_absolute_url(), one.description) for one in found]


def _agents() -> list[Agent]:
    """The most downloaded ones where not all are listed, and one more as a sign that there are more."""
    rows = Agent.objects.published().most_downloaded().select_related("latest_version")
    found = list(rows.only("name", "title", "latest_version__lead")[: MOST + 1])
    return [*sorted(found[:MOST], key=lambda agent: agent.name), *found[MOST:]]


def _listed(agents: list[Agent]) -> list[str]:
    home, api = reverse("catalog:agent_list"), settings.CATALOG_BASE_URL + reverse("api:list_agents")
    lines = [
        _link(agent.title, f"{home}{quote(agent.name)}.md", agent.latest_version.lead if agent.latest_version else "")
        for agent in agents[:MOST]
    ]
    if len(agents) > MOST:
        lines.insert(0, gettext("These are the most downloaded ones. All of them: `%(address)s`") % {"address": api})
    return lines


def _section(title: str, lines: Iterable[str]) -> str:
    items = "\n".join(f"- {line}" for line in lines)
    return f"## {title}\n\n{items}" if items else ""


def _link(title: str, path: str, said: str) -> str:
    link = f"[{_plain(title)}]({settings.CATALOG_BASE_URL}{path})"
    return f"{link}: {_plain(said)}" if said.strip() else link


def _plain(text: str) -> str:
    """One line, and no markup: a title or a lead cannot pass for a part of the document."""
    return _MARKUP.sub(r"\\\1", in_one_line(text, LEAD_MAX))
