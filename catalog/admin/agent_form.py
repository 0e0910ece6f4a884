"""What is known of an agent beside its text: title, shelf, tags, maintainers, licence, origin. Imports `models`."""

from __future__ import annotations

import re
from typing import Any

from django import forms
from django.contrib.auth.models import User

from catalog.definition import fold_name
from catalog.models import NAME_MAX_LENGTH, Agent, Category, Tag

_SEPARATOR = re.compile(r"[,;\n]")
_MOST = 50


class AgentForm(forms.ModelForm):  # type: ignore[type-arg]
    """Tags and maintainers are written with commas between them: quick to type, and the same without scripts."""

    category = forms.ModelChoiceField(Category.objects.all(), required=False, empty_label="No category")
    tags = forms.CharField(
        required=False, max_length=2_000, help_text="Words to find it by, with commas between them: python, code-review"
    )
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

    def clean_tags(self) -> list[str]:
        names = {fold_name(part): part.strip() for part in _parts(self.cleaned_data["tags"])}
        for name, written in names.items():
            if not name or len(name) > NAME_MAX_LENGTH:
                raise forms.ValidationError(f"“{written}” is no tag: it has 1 to {NAME_MAX_LENGTH} letters or digits.")
        if len(names) > _MOST:
            raise forms.ValidationError(f"An agent has at most {_MOST} tags.")
        return list(names)

    def clean_maintainers(self) -> list[User]:
        wanted = _parts(self.cleaned_data["maintainers"])
        found = {user.get_username(): user for user in User.objects.filter(username__in=wanted[:_MOST])}
        if missing := [name for name in wanted if name not in found]:
            raise forms.ValidationError(f"There is nobody with the username {missing[0]}.")
        return list(found.values())

    def store_related(self) -> None:
        """Set tags (making new ones) and maintainers of the stored agent."""
        if "tags" in self.changed_data:
            names = self.cleaned_data["tags"]
            self.instance.tags.set([Tag.objects.get_or_create(name=name)[0] for name in names])
        if "maintainers" in self.changed_data:
            self.instance.maintainers.set(self.cleaned_data["maintainers"])


def _parts(text: str) -> list[str]:
    return [part.strip() for part in _SEPARATOR.split(text) if part.strip()]
