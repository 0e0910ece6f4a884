"""What is known of an agent beside its text: title, category, tags, maintainers, licence, origin.

Imports `publishing`, `shelving`, `changes`, `models` and `definition`.
"""

from __future__ import annotations

import re
from typing import Any

from django import forms
from django.contrib.auth.models import User

from catalog import changes, publishing, shelving
from catalog.definition import fold_name
from catalog.models import NAME_MAX_LENGTH, Agent, Category
from catalog.shelving import MOST_TAGS

_SEPARATOR = re.compile(r"[,;\n]")
_MOST_MAINTAINERS = 50


class TagsField(forms.CharField):
    """Tags with commas between them, as their names."""

    def __init__(self, **more: Any) -> None:
        super().__init__(max_length=2_000, **more)

    def clean(self, value: Any) -> Any:
        names = {fold_name(part): part for part in _parts(super().clean(value))}
        for name, written in names.items():
            if not name or len(name) > NAME_MAX_LENGTH:
                raise forms.ValidationError(f"“{written}” is no tag: it has 1 to {NAME_MAX_LENGTH} letters or digits.")
        if len(names) > MOST_TAGS:
            raise forms.ValidationError(f"An agent has at most {MOST_TAGS} tags.")
        return list(names)


class AgentForm(forms.ModelForm):  # type: ignore[type-arg]
    """Tags and maintainers are written with commas between them: quick to type, and the same without scripts."""

    category = forms.ModelChoiceField(Category.objects.all(), required=False, empty_label="No category")
    tags = TagsField(required=False, help_text="Words to find it by, with commas between them: python, code-review")
    maintainers = forms.CharField(
        required=False, max_length=2_000, help_text="Who looks after it: usernames, with commas between them."
    )

    origin_url = forms.URLField(
        label="Origin",
        required=False,
        max_length=500,
        assume_scheme="https",
        help_text="The address it came from, where it is known.",
    )

    class Meta:
        model = Agent
        fields = ("title", "category", "tags", "maintainers", "license", "origin_url")
        labels = {"license": "Licence"}
        help_texts = {
            "title": "The name people read. As long as you leave it as the file has it, it follows the file.",
            "license": "Such as MIT, where it is known.",
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{"label_suffix": "", **kwargs})
        if "tags" in self.fields and self.instance.pk:
            self.initial["tags"] = ", ".join(self.instance.tags.values_list("name", flat=True))
        if "maintainers" in self.fields and self.instance.pk:
            names = self.instance.maintainers.order_by("username").values_list("username", flat=True)
            self.initial["maintainers"] = ", ".join(names)

    def clean_maintainers(self) -> list[User]:
        wanted = _parts(self.cleaned_data["maintainers"])
        found = {user.get_username(): user for user in User.objects.filter(username__in=wanted[:_MOST_MAINTAINERS])}
        if missing := [name for name in wanted if name not in found]:
            raise forms.ValidationError(f"There is nobody with the username {missing[0]}.")
        return list(found.values())

    def store(self, *, by: User) -> None:
        """Write what was changed, and that alone: a version published meanwhile stays the latest."""
        agent, told = self.instance, self.cleaned_data
        wanted = {name: told[name] for name in self.changed_data}
        columns = {name: wanted[name] for name in ("license", "origin_url") if name in wanted}
        with changes.as_one():
            Agent.objects.filter(pk=agent.pk).update(**columns)
            if "tags" in wanted:  # first: new tags are rows that others may be making too
                shelving.set_tags(agent, wanted["tags"], by=by)
            if "title" in wanted:
                publishing.retitle(Agent.objects.get(pk=agent.pk), wanted["title"], by=by)
            if "category" in wanted:
                shelving.categorise([agent], wanted["category"], by=by)
            if "maintainers" in wanted:
                agent.maintainers.set(wanted["maintainers"])
            if columns and agent.versions.exists():
                changes.record([agent])


def _parts(text: str) -> list[str]:
    return [part.strip() for part in _SEPARATOR.split(text) if part.strip()]
