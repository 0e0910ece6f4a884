"""The form of a new API token: what it may do, on which agents, how long. Imports `tokens`, `definition`, `models`."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any

from django import forms
from django.utils import timezone
from django.utils.dateformat import format as date_format
from django.utils.html import format_html

from catalog import tokens
from catalog.definition import fold_name
from catalog.models import Agent, ApiToken, Category, Scope
from catalog.models.tokens import LABEL_MAX_LENGTH

from .pages import PlainForm

if TYPE_CHECKING:
    from django.contrib.auth.models import User

MOST_AGENTS = 100
_NAMES_LENGTH = 8_000
_UNKNOWN_TOLD = 10
_NAMES_HELP = "To write to: their names, with commas or spaces between them."
_BETWEEN_NAMES = re.compile(r"[\s,;]+")

MAY = {
    Scope.READ: "Every token may. In a private catalog no program reads without one.",
    Scope.READ_DRAFTS: "See which drafts there are, and read them.",
    Scope.WRITE_DRAFTS: "Put a file into an agent’s draft, and begin new agents. The public sees nothing of it.",
    Scope.PUBLISH: "Publish a file as an agent’s next version, at once and without a review.",
    Scope.YANK: "Withdraw a version or deprecate an agent, and take that back.",
}


class _CategoriesField(forms.ModelMultipleChoiceField):  # type: ignore[type-arg]
    def label_from_instance(self, obj: Any) -> str:
        return str(obj.title)


class TokenForm(PlainForm):
    label = forms.CharField(
        label="Label",
        max_length=LABEL_MAX_LENGTH,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
        help_text="What will use it, and where: “Nightly build of the docs”.",
    )
    scopes = forms.MultipleChoiceField(
        label="It may",
        widget=forms.CheckboxSelectMultiple,
        help_text="Only what you may do yourself. When you lose a right, your tokens lose it too.",
        error_messages={
            "required": "Choose at least one thing that it may do.",
            "invalid_choice": "You may not do all of this yourself. Choose from what is offered.",
        },
    )
    agents = forms.CharField(
        label="Only these agents",
        required=False,
        max_length=_NAMES_LENGTH,
        widget=forms.Textarea(attrs={"rows": 2, "spellcheck": "false", "autocapitalize": "off", "autocomplete": "off"}),
        help_text=f"{_NAMES_HELP} Leave it empty, and tick no category, for all.",
    )
    categories = _CategoriesField(
        Category.objects.order_by("title", "pk"),
        label="Only agents of these categories",
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text="Those that are in them when it is used. New agents it can begin in these categories alone.",
        error_messages={"invalid_choice": "This category is there no more. Choose again."},
    )
    expires_on = forms.DateField(
        label="Last day",
        input_formats=["%Y-%m-%d"],
        widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"}),
        error_messages={
            "required": "Choose the last day on which it works.",
            "invalid": "Write the day as year, month, day: 2027-01-31.",
        },
    )

    def __init__(self, *args: Any, person: User, **kwargs: Any) -> None:
        self.person = person
        self.today = timezone.now().astimezone(UTC).date()
        self.latest = self.today + timedelta(days=tokens.MOST_DAYS)
        may = tokens.rights_for(person)
        initial = {"expires_on": self.today + timedelta(days=tokens.DEFAULT_DAYS)}
        super().__init__(*args, **{"initial": initial, **kwargs})
        fields: dict[str, Any] = self.fields
        fields["scopes"].choices = [(scope.value, _told(scope)) for scope in may]
        fields["expires_on"].widget.attrs |= {"min": self.today.isoformat(), "max": self.latest.isoformat()}
        fields["expires_on"].help_text = f"It works until the end of this day (UTC), {tokens.MOST_DAYS} days at most."
        if may == [Scope.READ]:  # all that is published, which nothing limits
            self.initial["scopes"] = may
            del fields["agents"], fields["categories"]
        elif not Category.objects.exists():
            del fields["categories"]
            fields["agents"].help_text = f"{_NAMES_HELP} Leave it empty for all."

    def clean_agents(self) -> list[Agent]:
        written = self.cleaned_data["agents"]
        words = filter(None, _BETWEEN_NAMES.split(written))
        names = list(dict.fromkeys(fold_name(word) or word for word in words))
        if written.strip() and not names:
            raise forms.ValidationError("There is no name in this. Write names, or leave it empty for all agents.")
        if len(names) > MOST_AGENTS:
            raise forms.ValidationError(f"These are {len(names)} agents. Name at most {MOST_AGENTS}, or a category.")
        found = {agent.name: agent for agent in Agent.objects.filter(name__in=names)}
        if unknown := [name for name in names if name not in found]:
            raise forms.ValidationError(_unknown(unknown))
        return [found[name] for name in names]

    def clean_expires_on(self) -> date:
        chosen: date = self.cleaned_data["expires_on"]
        if not self.today <= chosen <= self.latest:
            raise forms.ValidationError(f"Choose a day from today to {date_format(self.latest, 'j F Y')}.")
        return chosen

    def issue(self) -> tuple[ApiToken, str] | None:
        """The token and its secret; nothing where it is refused, which the form then says."""
        chosen, person = self.cleaned_data, self.person
        try:
            return tokens.issue(
                person,
                by=person,
                label=chosen["label"],
                scopes=[Scope(scope) for scope in chosen["scopes"]],
                expires_at=_end_of(chosen["expires_on"]),
                agents=chosen.get("agents", ()),
                categories=list(chosen.get("categories", ())),
            )
        except tokens.NotIssuable as refusal:
            self.add_error({"expires_at": "expires_on"}.get(refusal.field, refusal.field), str(refusal))
            return None


def _told(scope: Scope) -> str:
    return format_html('<strong>{}</strong> <span class="scope-may">{}</span>', scope.label, MAY[scope])


def _unknown(names: list[str]) -> str:
    if len(names) == 1:
        return f"There is no agent named {names[0]}."
    more = f" and {len(names) - _UNKNOWN_TOLD} more" if len(names) > _UNKNOWN_TOLD else ""
    return f"There are no agents named {', '.join(names[:_UNKNOWN_TOLD])}{more}."


def _end_of(day: date) -> datetime:
    """The last second of a day; on the last day that can be chosen, the last moment that can be."""
    return min(datetime.combine(day, time(23, 59, 59), UTC), timezone.now() + timedelta(days=tokens.MOST_DAYS))
