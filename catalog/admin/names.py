"""A name while it is being typed: what a title suggests, and whose it is already. Imports `models` and `definition`."""

from __future__ import annotations

from dataclasses import dataclass

from django.http import HttpRequest, JsonResponse
from django.urls import reverse
from django.views.decorators.http import require_safe

from catalog.definition import fold_name
from catalog.definition.limits import MAX_NAME_LENGTH
from catalog.models import Agent, Draft, FormerName

from .pages import require, require_sight

NO_NAME = "A name needs a letter or a digit."


@dataclass(frozen=True)
class NameNote:
    """What is to be said of a name that somebody would like to give: `name` is its address form."""

    name: str
    sentence: str = ""
    holder: Agent | None = None  # whose name it is, or was
    left_behind: Agent | None = None  # has the name and neither a version nor a draft: who comes next may have it

    @property
    def is_free(self) -> bool:
        return self.holder is None and 0 < len(self.name) <= MAX_NAME_LENGTH


def suggested(title: str) -> str:
    """The name that a title suggests, cut at a word where it would be too long; "" where no letter is in it."""
    name = fold_name(title)
    if len(name) > MAX_NAME_LENGTH:
        cut, mark, _ = name[: MAX_NAME_LENGTH + 1].rpartition("-")
        name = fold_name(cut if mark else name[:MAX_NAME_LENGTH])
    return name


def note_on(typed: str, *, but: Agent | None = None) -> NameNote:
    """Whether a name can be given to a new agent, or to `but`, which goes by it or by another one."""
    name = fold_name(typed)
    if not name:
        return NameNote("", NO_NAME)
    if but and name == but.name:
        return NameNote(name)
    if len(name) > MAX_NAME_LENGTH:
        return NameNote(name, f"This name has {len(name)} characters; at most {MAX_NAME_LENGTH} are kept. Shorten it.")
    if agent := Agent.objects.filter(name=name).first():
        if but or _has_text(agent):
            return NameNote(name, f"There is an agent named {name} already.", agent)
        return NameNote(name, f"A draft of this name was begun and discarded. {name} is free again.", None, agent)
    if former := FormerName.objects.select_related("agent").filter(name=name).first():
        sentence = f"{name} was once the name of {former.agent.title}, and its old address leads there."
        return NameNote(name, sentence, former.agent)
    return NameNote(name, f"Free. Its address will be /agents/{name}/")


def _has_text(agent: Agent) -> bool:
    """Whether it was ever published or has a draft."""
    return agent.versions.exists() or Draft.objects.filter(agent=agent).exists()


@require_safe
def tell_name(request: HttpRequest) -> JsonResponse:
    """For a page on which a title and a name are being typed: the suggestion, and whether the name can be had."""
    require(request, "add_agent")
    require_sight(request, "agent")
    suggestion = suggested(request.GET.get("title", ""))
    typed = request.GET.get("name", "").strip() or suggestion
    note = note_on(typed) if typed or request.GET.get("title", "").strip() else NameNote("")
    taken = note.holder and {"title": note.holder.title, "address": address_of(note.holder)}
    return JsonResponse({"suggestion": suggestion, "name": note.name, "taken": taken, "sentence": note.sentence})


def address_of(agent: Agent) -> str:
    return reverse("admin:catalog_agent_change", args=[agent.pk])
