"""Answers as the reference shows them. A test holds their shape against real ones. Imports nothing."""

from __future__ import annotations

from typing import Any

_BASE = "https://catalog.example.org"
_AGENT = f"{_BASE}/agents/python-backend-engineer"
_API = f"{_BASE}/api/v1/agents/python-backend-engineer"

VERSION: dict[str, Any] = {
    "number": 3,
    "digest": "sha256:2e7d2c03a9507ae265ecf5b5356885a53393a2029d241394997265a1a25aefc6",
    "size": 6912,
    "note": "Asks before it adds a dependency.",
    "published_at": "2026-11-20T09:30:00.000Z",
    "yanked_at": None,
    "yank_reason": None,
}
YANKED_VERSION: dict[str, Any] = {
    "number": 2,
    "digest": "sha256:18ac3e7343f016890c510e93f935261169d9e3f565436429830faf0934f4f8e4",
    "size": 6530,
    "note": "",
    "published_at": "2026-11-02T15:04:05.000Z",
    "yanked_at": "2026-11-20T09:31:00.000Z",
    "yank_reason": "It asked for more rights than it needs.",
}
AGENT: dict[str, Any] = {
    "name": "python-backend-engineer",
    "title": "Python Backend Engineer",
    "lead": "Use this agent to design, build and review Python services.",
    "description": "Use this agent to design, build and review Python services. Examples:\n\n- User: …",
    "category": "engineering",
    "tags": ["backend", "python"],
    "model": "sonnet",
    "color": "green",
    "tools": ["Read", "Edit", "Bash"],
    "examples": [
        {
            "context": "A service answers slowly.",
            "user": "The orders endpoint takes four seconds.",
            "assistant": "I'll ask the python-backend-engineer agent to find the slow query.",
            "commentary": "Measuring and repairing a service is what this agent is for.",
        }
    ],
    "version": VERSION,
    "findings": [
        {
            "code": "runs-commands",
            "severity": "note",
            "field": "tools",
            "line": 4,
            "message": "This agent may run commands on the machine it is used on.",
        }
    ],
    "urls": {
        "page": f"{_AGENT}/",
        "source": f"{_AGENT}.md",
        "pinned_source": f"{_AGENT}/3.md",
        "download": f"{_API}/versions/3/download",
        "versions": f"{_API}/versions",
    },
    "created_at": "2026-10-12T08:00:00.000Z",
    "updated_at": "2026-11-20T09:30:00.000Z",
    "deprecated": False,
    "deprecation": None,
}
AGENTS = {"items": [AGENT], "next_cursor": "WyJhM2Y1IiwicHl0aG9uLWJhY2tlbmQtZW5naW5lZXIiXQ"}
VERSIONS = {"items": [VERSION, YANKED_VERSION], "next_cursor": None}
FILE = """\
---
name: python-backend-engineer
description: Use this agent to design, build and review Python services.
model: sonnet
---

You are an engineer who …
"""

# The same for a tool that reads another format.
TOML = """\
name = "python-backend-engineer"
description = "Use this agent to design, build and review Python services."
developer_instructions = "You are an engineer who …"
"""

FINDINGS = AGENT["findings"]
EXPORTS = {
    "name": "python-backend-engineer",
    "number": 3,
    "digest": VERSION["digest"],
    "items": [
        {
            "format": "codex",
            "title": "OpenAI Codex",
            "name": "python-backend-engineer",
            "filename": "python-backend-engineer.toml",
            "path": ".codex/agents/python-backend-engineer.toml",
            "user_path": "~/.codex/agents/python-backend-engineer.toml",
            "media_type": "application/toml",
            "is_refused": False,
            "digest": "sha256:0c7e1b0d0f9d3d8f3c5b0a1f4a6b9b7f1f3a5b7c9d1e2f30415263748596a7b8",
            "size": 6804,
            "counts": {"kept": 3, "changed": 0, "dropped": 1, "refused": 0},
            "report": [
                {
                    "field": "color",
                    "outcome": "dropped",
                    "sentence": "In OpenAI Codex the file of an agent has no color.",
                    "widens": False,
                }
            ],
            "url": f"{_API}/versions/latest/download?format=codex",
        }
    ],
}
CHANGES = {
    "items": [
        {
            "sequence": 118,
            "at": "2026-11-20T09:30:00.000Z",
            "verb": "published",
            "name": "python-backend-engineer",
            "former_name": None,
            "number": 3,
            "digest": VERSION["digest"],
            "note": None,
            "successor": None,
        },
        {
            "sequence": 119,
            "at": "2026-11-20T09:31:00.000Z",
            "verb": "yanked",
            "name": "python-backend-engineer",
            "former_name": None,
            "number": 2,
            "digest": YANKED_VERSION["digest"],
            "note": "It asked for more rights than it needs.",
            "successor": None,
        },
    ],
    "next_since": 119,
    "has_more": False,
}
OUTDATED = {
    "current": 41,
    "outdated": [
        {
            "name": "python-backend-engineer",
            "digest": YANKED_VERSION["digest"],
            "number": 2,
            "status": "withdrawn",
            "reason": "It asked for more rights than it needs.",
            "latest": {
                "name": "python-backend-engineer",
                "number": 3,
                "digest": VERSION["digest"],
                "download": f"{_API}/versions/3/download",
            },
        }
    ],
}
CHECKED = {
    "name": "python-backend-engineer",
    "digest": VERSION["digest"],
    "size": 6912,
    "reading": "strict",
    "warnings": 0,
    "findings": FINDINGS,
}
PUT = {
    "name": "python-backend-engineer",
    "outcome": "published",
    "is_new": False,
    "number": 3,
    "digest": VERSION["digest"],
    "dry_run": False,
    "findings": FINDINGS,
    "urls": {
        "api": f"{_API}/versions/3",
        "page": f"{_AGENT}/",
        "source": f"{_AGENT}.md",
        "pinned_source": f"{_AGENT}/3.md",
    },
}
DEPRECATION = {
    "name": "python-backend-engineer",
    "deprecated": True,
    "note": "The service engineer knows more of queues.",
    "successor": "service-engineer",
}
DRAFTS = {
    "items": [
        {
            "name": "python-backend-engineer",
            "title": "Python Backend Engineer",
            "state": "in_review",
            "digest": "sha256:6b86b273ff34fce19d6b804eff5a3f5747ada4eaa22f1d49c01e52ddb7875b4b",
            "size": 6940,
            "note": "Knows asyncio.",
            "base": 3,
            "edited_at": "2026-11-21T10:00:00.000Z",
            "edited_by": "elif",
        }
    ],
    "next_cursor": None,
}

# What each operation answers, and what is sent to it.
BY_OPERATION: dict[str, Any] = {
    "list_agents": AGENTS,
    "get_agent": AGENT,
    "list_versions": VERSIONS,
    "get_version": AGENT,
    "download_version": FILE,
    "list_exports": EXPORTS,
    "get_bundle": "PK…",
    "list_changes": CHANGES,
    "find_outdated": OUTDATED,
    "check_source": CHECKED,
    "put_agent": PUT,
    "yank_version": YANKED_VERSION,
    "unyank_version": VERSION,
    "deprecate_agent": DEPRECATION,
    "undeprecate_agent": DEPRECATION | {"deprecated": False, "note": "", "successor": None},
    "list_drafts": DRAFTS,
    "get_draft": FILE,
}
BODIES: dict[str, Any] = {
    "find_outdated": {"pins": [{"name": "python-backend-engineer", "digest": YANKED_VERSION["digest"]}]},
    "check_source": FILE,
    "put_agent": FILE,
    "yank_version": {"reason": "It asked for more rights than it needs."},
    "deprecate_agent": {"note": DEPRECATION["note"], "successor": "service-engineer"},
}
PROBLEM: dict[str, Any] = {
    "type": f"{_BASE}/api/v1/docs#agent_not_found",
    "code": "agent_not_found",
    "title": "No such agent",
    "status": 404,
    "detail": "No agent called 'python-backend-enginer' is published.",
}
