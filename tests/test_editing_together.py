"""Many people at one draft: no line that somebody saved is ever lost, and what stood in the way is said."""

import json
import random
from collections import Counter
from collections.abc import Callable
from threading import Barrier, Thread

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.template.loader import render_to_string
from django.test import Client
from django.urls import reverse

from catalog import drafting, publishing
from catalog.admin.editor.conflict import Conflict, Happened, as_json, conflict_of
from catalog.admin.editor.merging import merge
from catalog.definition import read
from catalog.drafting import DraftConflict
from catalog.models import Agent, Draft, Version
from tests.forms import log_in
from tests.sources import agent_source

EDITORS, SAVES = 20, 5
BASE = agent_source(prompt="".join(f"Rule {n}.\n" for n in range(1, 41)))


# --- All at once ---------------------------------------------------------------------------------------


class Editor:
    """One window: a text, the revision it was written from, and what is done where somebody was quicker."""

    def __init__(self, draft: Draft, user: User, name: str) -> None:
        self.draft, self.user, self.random = draft, user, random.Random(name)
        self.counts: Counter[str] = Counter()

    def add(self, line: str) -> None:
        stored = Draft.objects.get(pk=self.draft.pk)
        base, mine, revision = stored.source, self._with(stored.source, line), stored.revision
        while True:
            try:
                drafting.save(self.draft, mine, by=self.user, revision=revision)
            except DraftConflict as conflict:
                self.counts["conflicts"] += 1
                theirs = conflict.draft
                merged = merge(base, mine, theirs.source).source
                self.counts["merged" if merged else "overlapping"] += 1
                mine = merged or self._with(theirs.source, line)
                base, revision = theirs.source, theirs.revision
            else:
                return

    def _with(self, source: str, line: str) -> str:
        lines = source.split("\n")
        first = lines.index("---", 1) + 1
        lines.insert(self.random.randrange(first, len(lines)), line)
        return "\n".join(lines)


def _write_at_once(editors: list[Editor], lines: Callable[[int], list[str]]) -> None:
    start, faults = Barrier(len(editors)), []

    def write(number: int) -> None:
        start.wait()
        try:
            for line in lines(number):
                editors[number].add(line)
                connection.close()  # as at the end of a request: there are fewer connections than people
        except Exception as fault:
            faults.append(fault)
        finally:
            connection.close()

    threads = [Thread(target=write, args=(number,)) for number in range(len(editors))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert faults == []


@pytest.mark.django_db(transaction=True)
def test_of_many_editors_saving_at_once_no_line_is_lost() -> None:
    people = [User.objects.create_user(f"u{n}") for n in range(EDITORS)]
    agent, _ = publishing.register(read(BASE), by=people[0])
    draft = drafting.open_draft(agent, by=people[0], source=BASE)
    # Two windows of one person are two editors.
    editors = [Editor(draft, people[n // 2], f"window {n}") for n in range(EDITORS)]
    _write_at_once(editors, lambda n: [f"Line {turn} of editor {n}." for turn in range(SAVES)])
    stored = Draft.objects.get()
    counted = Counter(stored.source.split("\n"))
    assert {counted[f"Line {turn} of editor {n}."] for turn in range(SAVES) for n in range(EDITORS)} == {1}
    assert {counted[f"Rule {n}."] for n in range(1, 41)} == {1}
    assert stored.revision == 1 + EDITORS * SAVES


# --- What is said ---------------------------------------------------------------------------------------


@pytest.fixture
def agent(publisher: User) -> Agent:
    publisher.first_name = "Pablo"
    publisher.save()
    return publishing.register(read(BASE), by=publisher)[0]


@pytest.fixture
def draft(agent: Agent, publisher: User) -> Draft:
    return drafting.open_draft(agent, by=publisher, source=BASE)


MINE = BASE.replace("Rule 3.", "Rule 3, as I have it.")


def _conflict(draft: Draft, by: User, mine: str = MINE) -> Conflict:
    with pytest.raises(DraftConflict) as raised:
        drafting.save(draft, mine, by=by, revision=1)
    return conflict_of(raised.value.draft, BASE, mine, by, agent=draft.agent)


def _shown(conflict: Conflict) -> str:
    return " ".join(render_to_string("admin/editor/_conflict.html", {"conflict": conflict}).split())


def test_texts_that_fit_together_are_offered_as_one(draft: Draft, editor: User, publisher: User) -> None:
    drafting.save(draft, BASE.replace("Rule 30.", "Rule 30, <b>changed</b>."), by=publisher, revision=1)
    conflict = _conflict(draft, editor)
    assert conflict.headline == "Pablo changed this while you were writing. Both texts are kept."
    assert conflict.merge.source == MINE.replace("Rule 30.", "Rule 30, <b>changed</b>.")
    html = _shown(conflict)
    assert "Pablo changed: the prompt, near line 30. <br> You changed: the prompt, near line 3." in html
    assert 'value="merge"' in html
    assert html.count("button primary") == 1
    assert "Rule 30, &lt;b&gt;changed&lt;/b&gt;." in html
    assert as_json(conflict, html) == {
        "happened": "changed",
        "who": "Pablo",
        "is_me": False,
        "revision": 2,
        "source": conflict.theirs_source,
        "merged": conflict.merge.source,
        "overlaps": [],
        "html": html,
    }


def test_texts_that_overlap_are_kept_both_and_the_place_is_named(draft: Draft, editor: User, publisher: User) -> None:
    drafting.save(draft, BASE.replace("Rule 3.", "Rule 3, as he has it."), by=publisher, revision=1)
    conflict = _conflict(draft, editor)
    assert conflict.merge.source is None
    html = _shown(conflict)
    assert "The prompt, near line 3" in html
    assert 'value="merge"' not in html
    assert html.count("as I have it.") == html.count("as he has it.") == 2  # in the difference, and in the whole text
    assert json.loads(json.dumps(as_json(conflict, html)))["merged"] is None


def test_another_window_of_mine_is_called_that(draft: Draft, publisher: User) -> None:
    drafting.save(draft, BASE.replace("Rule 30.", ""), by=publisher, revision=1)
    conflict = _conflict(draft, publisher)
    assert conflict.headline == "You changed this in another window. Both texts are kept."
    assert "Take the other one" in _shown(conflict)


def test_a_draft_whose_text_nobody_changed_takes_mine(draft: Draft, editor: User, publisher: User) -> None:
    drafting.submit(draft, by=editor, revision=1)
    drafting.return_(draft, by=publisher, revision=2, reason="Shorter, please.")
    conflict = _conflict(draft, editor)
    assert (conflict.happened, conflict.merge.source) == (Happened.MOVED, MINE)
    html = _shown(conflict)
    assert "returned" in conflict.headline
    assert html.count("button primary") == 1
    assert 'value="merge"' not in html


def test_a_draft_in_review_takes_no_text(draft: Draft, editor: User, publisher: User) -> None:
    drafting.submit(draft, by=publisher, revision=1)
    conflict = _conflict(draft, editor)
    assert conflict.headline == "Pablo submitted this for review while you were writing. Your text is kept."
    html = _shown(conflict)
    assert 'value="take"' in html
    assert 'value="keep"' not in html
    assert 'value="merge"' not in html


def test_a_draft_that_was_published_is_shown_against_mine(draft: Draft, editor: User, publisher: User) -> None:
    saved = drafting.save(draft, BASE.replace("Rule 30.", "Rule 31."), by=publisher, revision=1)
    drafting.publish_draft(saved, by=publisher, revision=2)
    conflict = _conflict(draft, editor)
    assert conflict.headline == "Pablo published this while you were writing. Your text is kept."
    assert (conflict.theirs_revision, conflict.theirs_source) == (0, Version.objects.get().source)
    html = _shown(conflict)
    assert "Keep mine as a new draft" in html
    assert 'value="take"' not in html
    assert reverse("admin:catalog_agent_change", args=[draft.agent.pk]) in html


def test_a_draft_that_was_discarded_leaves_mine(draft: Draft, editor: User, publisher: User) -> None:
    drafting.discard(draft, by=publisher, revision=1)
    conflict = _conflict(draft, editor)
    assert conflict.headline == "Pablo discarded this draft while you were writing. Your text is kept."
    assert conflict.groups == []
    assert "Keep mine as a new draft" in _shown(conflict)
    unknown = conflict_of(None, BASE, MINE, editor)
    assert unknown.headline == "This draft was published or discarded while you were writing. Your text is kept."
    assert "Rule 3, as I have it." in _shown(unknown)


# --- Through the page ---------------------------------------------------------------------------------------


def _ask(
    client: Client, agent: Agent, do: str, base: str, mine: str, revision: int, **more: object
) -> tuple[int, dict]:
    asked = {"do": do, "revision": revision, "base": base, "entries": [["source", mine]], **more}
    address = reverse("admin:catalog_agent_draft_live", args=[agent.pk])
    response = client.post(address, json.dumps(asked), content_type="application/json")
    return response.status_code, response.json()


def test_a_script_gets_both_texts_and_saves_what_was_merged(
    client: Client, draft: Draft, editor: User, publisher: User
) -> None:
    log_in(client, editor)
    theirs = BASE.replace("Rule 30.", "Rule 30, changed.")
    drafting.save(draft, theirs, by=publisher, revision=1)
    status, answer = _ask(client, draft.agent, "save", BASE, MINE, 1)
    assert status == 409
    told = answer["conflict"]
    assert (told["who"], told["is_me"], told["revision"], told["source"]) == ("Pablo", False, 2, theirs)
    status, answer = _ask(client, draft.agent, "save", theirs, told["merged"], told["revision"])
    assert (status, answer["revision"]) == (200, 3)
    assert Draft.objects.get().source == MINE.replace("Rule 30.", "Rule 30, changed.")


@pytest.mark.parametrize("do", ["merge", "keep", "take"])
def test_a_conflict_is_settled_by_one_button(
    client: Client, draft: Draft, editor: User, publisher: User, do: str
) -> None:
    log_in(client, editor)
    theirs = BASE.replace("Rule 30.", "Rule 30, changed.")
    drafting.save(draft, theirs, by=publisher, revision=1)
    status, answer = _ask(client, draft.agent, do, BASE, MINE, 1, theirs=2)
    merged = MINE.replace("Rule 30.", "Rule 30, changed.")
    assert (status, answer["source"]) == (200, {"merge": merged, "keep": merged, "take": theirs}[do])
    assert Draft.objects.get().source == answer["source"]
    assert Draft.objects.get().revision == (2 if do == "take" else 3)


def test_what_was_saved_after_the_conflict_was_shown_is_not_overwritten(
    client: Client, draft: Draft, editor: User, publisher: User
) -> None:
    log_in(client, editor)
    drafting.save(draft, BASE.replace("Rule 30.", "Rule 30, changed."), by=publisher, revision=1)
    drafting.save(draft, BASE.replace("Rule 30.", "Rule 30, unseen."), by=publisher, revision=2)
    for do in ("keep", "merge"):
        status, answer = _ask(client, draft.agent, do, BASE, MINE, 1, theirs=2)
        assert (status, answer["conflict"]["revision"]) == (409, 3)
    assert "unseen" in Draft.objects.get().source
