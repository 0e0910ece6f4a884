"""What is done to many agents at once: a page says which, and who is passed over and why, before anything is done.

Imports `publishing`, `shelving` and `models`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import Count, Exists, OuterRef, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import URLPattern, path, reverse

from catalog import changes, publishing, shelving
from catalog.models import Agent, Category, Tag, Version
from catalog.publishing import NotPublishable
from catalog.shelving import MOST_TAGS

from .agent_form import TagsField
from .pages import PUBLISH, PlainForm, actor, may, show
from .standing import DeprecateForm

if TYPE_CHECKING:
    from django.contrib.auth.models import User

MOST = 500  # agents that are changed in one go
TAGS_SHOWN = 60

_NOT_YOURS = "you may not change published agents"
_LIST = "admin:catalog_agent_changelist"


def may_shelve(request: HttpRequest, agent: Agent | None = None) -> bool:
    """Title, category and tags of what was published are the publishers' to change; of anything else, the writers'."""
    if not may(request, "change_agent"):
        return False
    return agent is None or may(request, PUBLISH) or not _was_published(agent)


def _was_published(agent: Agent) -> bool:
    known = getattr(agent, "was_published", None)
    return agent.versions.exists() if known is None else bool(known)


# --- The forms ---------------------------------------------------------------------------------------


class _ChosenForm(PlainForm):
    """Which agents are meant, and the list to go back to."""

    agents = forms.CharField(widget=forms.HiddenInput, max_length=20_000)
    back = forms.CharField(widget=forms.HiddenInput, required=False, max_length=4_000)

    def __init__(self, chosen: list[Agent], *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.chosen = chosen


class _CategoryForm(_ChosenForm):
    NONE = "-"

    category = forms.ChoiceField(
        help_text="An agent stands in one category at most.", error_messages={"required": "Choose a category."}
    )

    def __init__(self, chosen: list[Agent], *args: Any, **kwargs: Any) -> None:
        super().__init__(chosen, *args, **kwargs)
        shelves = Category.objects.values_list("name", "title")
        choices = [("", "Choose a category"), *shelves, (self.NONE, "No category")]
        self.fields["category"].choices = choices  # type: ignore[attr-defined]

    def clean_category(self) -> Category | None:
        name = self.cleaned_data["category"]
        return None if name == self.NONE else Category.objects.get(name=name)


class _AddTagsForm(_ChosenForm):
    tags = TagsField(help_text="Words to find them by, with commas between them: python, code-review")


class _RemoveTagsForm(_ChosenForm):
    tags = forms.MultipleChoiceField(
        label="Tags to take off",
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": "Tick at least one tag."},
    )

    def __init__(self, chosen: list[Agent], *args: Any, **kwargs: Any) -> None:
        super().__init__(chosen, *args, **kwargs)
        carried = Tag.objects.filter(agents__in=chosen).annotate(carriers=Count("pk"))
        names = carried.order_by("-carriers", "name").values_list("name", "carriers")[:TAGS_SHOWN]
        choices = [(name, f"{name} ({carriers})") for name, carriers in names]
        tags = self.fields["tags"]
        tags.choices = choices  # type: ignore[attr-defined]
        if not choices:
            tags.help_text = "None of these agents has a tag."


class _DeprecateForm(_ChosenForm, DeprecateForm):
    pass


# --- The deeds ---------------------------------------------------------------------------------------


@dataclass
class Outcome:
    """What became of the chosen agents: `said` follows on their number ("moved to Writing")."""

    said: str
    changed: list[Agent]
    passed: dict[str, list[Agent]] = field(default_factory=dict)


@dataclass(frozen=True)
class Deed:
    code: str
    choice: str  # in the list of actions
    title: str
    explanation: str
    button: str
    form: type[_ChosenForm]
    do: Callable[[list[Agent], dict[str, Any], User], Outcome]
    objection: Callable[[Agent], str]  # why this one is passed over, whoever asks; "" where it is not
    right: str = "change"
    is_grave: bool = False

    def is_for(self, request: HttpRequest) -> bool:
        return may(request, PUBLISH) if self.right == "publish" else may_shelve(request)


def _others(agents: list[Agent], changed: Iterable[Agent]) -> list[Agent]:
    known = {agent.pk for agent in changed}
    return [agent for agent in agents if agent.pk not in known]


def _categorise(agents: list[Agent], told: dict[str, Any], by: User) -> Outcome:
    category = told["category"]
    moved = shelving.categorise(agents, category, by=by)
    where = f"in {category}" if category else "without a category"
    said = f"moved to {category}" if category else "taken out of their category"
    return Outcome(said, moved, {f"already {where}": _others(agents, moved)})


def _tag(agents: list[Agent], told: dict[str, Any], by: User) -> Outcome:
    tagged, full = shelving.tag(agents, told["tags"], by=by)
    passed = {
        f"an agent has at most {MOST_TAGS} tags": full,
        "already tagged so": _others(agents, [*tagged, *full]),
    }
    return Outcome(f"tagged {', '.join(told['tags'])}", tagged, passed)


def _untag(agents: list[Agent], told: dict[str, Any], by: User) -> Outcome:
    changed = shelving.untag(agents, told["tags"], by=by)
    return Outcome(f"no longer tagged {', '.join(told['tags'])}", changed, {"not tagged so": _others(agents, changed)})


def _deprecate(agents: list[Agent], told: dict[str, Any], by: User) -> Outcome:
    outcome, successor = Outcome("marked as deprecated", []), told["successor"]
    for agent in sorted(agents, key=lambda agent: agent.pk):
        try:
            publishing.deprecate(agent, by=by, note=told["note"], successor=successor)
            outcome.changed.append(agent)
        except NotPublishable:
            outcome.passed.setdefault("an agent cannot be replaced by itself", []).append(agent)
    return outcome


def _undeprecate(agents: list[Agent], told: dict[str, Any], by: User) -> Outcome:
    for agent in sorted(agents, key=lambda agent: agent.pk):
        publishing.undeprecate(agent, by=by)
    return Outcome("recommended again", agents)


def _nothing_against(agent: Agent) -> str:
    return ""


def _cannot_be_deprecated(agent: Agent) -> str:
    if agent.is_deprecated:
        return "already deprecated (the reason is changed on the page of each)"
    return "" if _was_published(agent) else "never published"


DEEDS = (
    Deed(
        "category",
        "Move to a category…",
        "Move to a category",
        "Everybody who browses the catalog finds them there.",
        "Move",
        _CategoryForm,
        _categorise,
        _nothing_against,
    ),
    Deed(
        "tag",
        "Add tags…",
        "Add tags",
        "The tags they have stay.",
        "Add tags",
        _AddTagsForm,
        _tag,
        _nothing_against,
    ),
    Deed(
        "untag",
        "Take off tags…",
        "Take off tags",
        "The tags that are ticked are taken off every one that has them.",
        "Take off",
        _RemoveTagsForm,
        _untag,
        _nothing_against,
    ),
    Deed(
        "deprecate",
        "Deprecate…",
        "Deprecate",
        "Their pages tell people not to begin using them, and what to use instead. They can still be installed.",
        "Deprecate",
        _DeprecateForm,
        _deprecate,
        _cannot_be_deprecated,
        "publish",
        is_grave=True,
    ),
    Deed(
        "undeprecate",
        "Recommend again…",
        "Recommend again",
        "The warning at the top of their pages goes away.",
        "Recommend again",
        _ChosenForm,
        _undeprecate,
        lambda agent: "" if agent.is_deprecated else "not deprecated",
        "publish",
    ),
)


# --- From the list to the page ------------------------------------------------------------------------


def actions() -> list[Any]:
    """The deeds as actions of the list."""
    return [_action(deed) for deed in DEEDS]


def _action(deed: Deed) -> Any:
    def choose(model_admin: Any, request: HttpRequest, queryset: QuerySet[Agent]) -> HttpResponse | None:
        keys = list(queryset.order_by().values_list("pk", flat=True).distinct()[: MOST + 1])
        if len(keys) > MOST:
            said = (
                f"More than {MOST} agents are chosen; so many are changed in one go. Narrow the list with the filters."
            )
            messages.error(request, said)
            return None
        return _ask(request, deed, keys, request.GET.urlencode())

    choose.__name__ = deed.code
    choose.short_description = deed.choice  # type: ignore[attr-defined]
    choose.allowed_permissions = (deed.right,)  # type: ignore[attr-defined]
    return choose


def addresses(wrap: Callable[..., Any]) -> list[URLPattern]:
    return [path(f"bulk/{deed.code}/", wrap(_view(deed)), name=f"catalog_agent_bulk_{deed.code}") for deed in DEEDS]


# --- The page ----------------------------------------------------------------------------------------


def _view(deed: Deed) -> Callable[[HttpRequest], HttpResponse]:
    def view(request: HttpRequest) -> HttpResponse:
        if not deed.is_for(request):
            raise PermissionDenied
        keys = _keys(request.POST.get("agents", ""))
        if request.method != "POST" or not keys:
            messages.warning(request, "Tick the agents first, then choose what to do with them.")
            return redirect(_LIST)
        return _ask(request, deed, keys, request.POST.get("back", ""), is_answer=True)

    return view


def _keys(text: str) -> list[int]:
    keys = [int(part) for part in text.split(",") if part.isascii() and part.isdigit() and len(part) < 19]
    return keys[:MOST]


def _ask(request: HttpRequest, deed: Deed, keys: list[int], back: str, *, is_answer: bool = False) -> HttpResponse:
    """The page, or the list again where its form was answered: all that is to be done is done, or nothing."""
    address = f"{reverse(_LIST)}?{back}" if back else reverse(_LIST)
    with changes.as_one():
        chosen, passed = _sorted_out(request, deed, keys)
        initial = {"agents": ",".join(map(str, keys)), "back": back}
        form = deed.form(chosen, request.POST if is_answer else None, initial=initial)
        if is_answer and chosen and form.is_valid():
            outcome = deed.do(chosen, form.cleaned_data, actor(request))
            _tell(request, outcome, passed)
            return redirect(address)
    return show(
        request,
        "admin/bulk.html",
        title=f"{deed.title}: {_counted(chosen)}",
        deed=deed,
        form=form,
        form_action=reverse(f"admin:catalog_agent_bulk_{deed.code}"),
        back=address,
        chosen=chosen,
        passed=passed,
    )


def _sorted_out(request: HttpRequest, deed: Deed, keys: list[int]) -> tuple[list[Agent], dict[str, list[Agent]]]:
    """Those that will be changed, and those that will be passed over, by the reason for it."""
    versions = Version.objects.filter(agent=OuterRef("pk"))
    agents = Agent.objects.filter(pk__in=keys).annotate(was_published=Exists(versions)).order_by("pk")
    locked = agents.select_for_update(of=("self",), no_key=True)
    chosen: list[Agent] = []
    passed: dict[str, list[Agent]] = defaultdict(list)
    for agent in sorted(locked, key=lambda agent: agent.title.casefold()):
        is_theirs = deed.right == "publish" or may_shelve(request, agent)
        why = deed.objection(agent) if is_theirs else _NOT_YOURS
        (passed[why] if why else chosen).append(agent)
    return chosen, dict(passed)


def _tell(request: HttpRequest, outcome: Outcome, passed: dict[str, list[Agent]]) -> None:
    """What was done, and what was not and why."""
    sentences = [f"{_counted(outcome.changed)} {outcome.said}." if outcome.changed else "Nothing was changed."]
    for why, agents in (*passed.items(), *outcome.passed.items()):
        if agents:
            sentences.append(f"{len(agents)} {'was' if len(agents) == 1 else 'were'} passed over: {why}.")
    messages.add_message(request, messages.SUCCESS if outcome.changed else messages.WARNING, " ".join(sentences))


def _counted(agents: list[Agent]) -> str:
    return f"{len(agents):,} agent{'' if len(agents) == 1 else 's'}"
