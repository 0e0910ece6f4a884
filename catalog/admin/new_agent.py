"""A new agent: from a starter, from another agent, from a text that is pasted. Imports `starting` and `publishing`."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect

from catalog.definition import Definition, InvalidValue, read
from catalog.models import Agent, Category
from catalog.publishing import NotPublishable

from . import starting
from .imports import limits
from .lines import with_own_line_ends
from .names import NO_NAME, NameNote, note_on, suggested
from .pages import PlainForm, actor, may_see, require, show
from .starting import NameHeld

STARTER, COPY, TEXT = "starter", "copy", "text"
WAYS = ((STARTER, "A starter"), (COPY, "A copy of an agent"), (TEXT, "A text you have"))


class NewAgentForm(PlainForm):
    title = forms.CharField(
        help_text="What people read, such as “Release Notes Editor”.",
        error_messages={"required": "Write a title: what people will call the agent."},
    )
    name = forms.CharField(
        required=False,
        help_text="How tools call it: words joined by hyphens. Leave it empty to take it from the title.",
        widget=forms.TextInput(attrs={"spellcheck": "false", "autocapitalize": "off", "autocomplete": "off"}),
    )
    category = forms.ModelChoiceField(Category.objects.all(), required=False, empty_label="No category")

    def __init__(self, way: str, data: QueryDict | None, initial: dict[str, str]) -> None:
        super().__init__(data, initial=initial)
        if way == TEXT:
            title, name = self.fields["title"], self.fields["name"]
            title.required = title.widget.is_required = False
            title.help_text = "What people read. Leave it empty to take it from the name."
            name.help_text = "Leave it empty to keep the name that stands in the text."


class _Nothing(Exception):
    """There is nothing to begin with. The sentence says why."""


def add_agent(request: HttpRequest) -> HttpResponse:
    """Shows one way to begin at a time; a POST begins. What was typed stays where it cannot."""
    require(request, "add_agent", "add_draft")
    way = _way(request)
    posted = request.POST if request.method == "POST" else None
    form = NewAgentForm(way, posted, {key: request.GET.get(key, "") for key in ("title", "name", "category")})
    problem, note = "", None
    if posted is not None and form.is_valid():
        try:
            agent = _begun(request, way, form.cleaned_data)
        except NameHeld as held:
            note, problem = held.note, f"{held} Nothing was saved yet: give the new agent another name."
        except (_Nothing, NotPublishable, InvalidValue) as refusal:
            problem = f"Nothing was saved yet. {refusal}"
        else:
            messages.success(request, "Saved as a draft. Not published yet.")
            return redirect("admin:catalog_agent_draft", agent.pk)
    return _show(request, way, form=form, problem=problem, note=note)


def _way(request: HttpRequest) -> str:
    asked = request.POST if request.method == "POST" else request.GET
    chosen = asked.get("way", "")
    if chosen in dict(WAYS):
        return chosen
    if "source" in asked:
        return TEXT
    return COPY if "from" in asked or "find" in asked else STARTER


def _begun(request: HttpRequest, way: str, typed: dict[str, Any]) -> Agent:
    definition = _text(request, way)
    starting.refuse_too_large(definition)
    title, name = typed["title"], typed["name"] or ""
    if not name:
        name = (definition.name if way == TEXT else "") or suggested(title)
    if not name:
        raise NotPublishable(_no_name(way, title))
    if way != TEXT:
        definition = starting.speaking_of_itself(definition, name)
    return starting.begin(definition, name, by=actor(request), title=title, category=typed["category"])


def _no_name(way: str, title: str) -> str:
    if title:
        return f"The title has neither a letter nor a digit to make a name of. {NO_NAME} Write one."
    return (
        "An agent needs a name, and the text has none. Write one below: it is put into the text."
        if way == TEXT
        else NO_NAME
    )


def _text(request: HttpRequest, way: str) -> Definition:
    if way == TEXT:
        source = _pasted(request)
        if not source.strip():
            raise _Nothing("There is no text in the box. Paste the whole file, or choose another way to begin.")
        return _refuse_broken_block(read(source))
    if way == COPY:
        return starting.text_of(_chosen(request, request.POST.get("from", "")))
    definition = starting.starting_text(request.POST.get("begin", ""))
    if definition is None:
        raise _Nothing("This starter is not there any more. Choose another one.")
    return definition


def _refuse_broken_block(definition: Definition) -> Definition:
    """A second block on top would leave the settings of a broken first one in the prompt, unseen."""
    for finding in definition.errors:
        if finding.code.startswith("frontmatter-") and definition.source.lstrip("\ufeff \t\r\n").startswith("---"):
            raise NotPublishable(f"The block at the top of the text cannot be read. {finding.message}")
    return definition


def _pasted(request: HttpRequest) -> str:
    """The text of the box; a browser sends CRLF whatever was pasted, and it is kept with plain line ends."""
    return with_own_line_ends(request.POST.get("source", ""), "")


def _chosen(request: HttpRequest, name: str) -> Agent:
    agent = starting.pick(starting.copyable(with_drafts=may_see(request, "draft")), name)
    if agent is None:
        raise _Nothing(f"There is no agent named {name} to copy. Look for another one.")
    return agent


# --- The page ----------------------------------------------------------------------------------------


def _show(request: HttpRequest, way: str, *, form: NewAgentForm, problem: str, note: NameNote | None) -> HttpResponse:
    context: dict[str, Any] = {"title": "New agent", "way": way, "ways": WAYS, "form": form}
    if way == STARTER:
        context |= {"purposes": starting.purposes(), "begin": request.POST.get("begin", request.GET.get("begin", ""))}
    elif way == COPY:
        more, problem = _copying(request, problem)
        context |= more
    else:
        context["source"] = _pasted(request)
    if note is None and (typed := _typed_name(form, way)):
        note = note_on(typed)
    return show(request, "admin/new_agent.html", **context, **limits(), problem=problem, note=note)


def _typed_name(form: NewAgentForm, way: str) -> str:
    name, title = (str(form[field].value() or "").strip() for field in ("name", "title"))
    return name or ("" if way == TEXT else suggested(title))


def _copying(request: HttpRequest, problem: str) -> tuple[dict[str, Any], str]:
    """The agent that is to be copied, or else those to choose from."""
    asked = request.POST if request.method == "POST" else request.GET
    name, word = asked.get("from", ""), asked.get("find", "")
    if name:
        try:
            agent = _chosen(request, name)
            return {"chosen": agent, "lead": starting.text_of(agent).lead}, problem
        except _Nothing as nothing:
            word, problem = word or name, problem or str(nothing)
    agents = starting.copyable(with_drafts=may_see(request, "draft"))
    found = starting.find(agents, word)
    more = len(found) > starting.MATCHES
    return {"word": word, "found": found[: starting.MATCHES], "more": more}, problem
