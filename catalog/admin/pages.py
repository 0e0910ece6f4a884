"""What every page of the admin needs: who asks, whether they may, how it is shown, and questions before a deed.

Imports `publishing` and `definition` for what their verbs refuse.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from django import forms
from django.contrib.admin import site
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse

from catalog.definition import InvalidDefinition, InvalidValue
from catalog.publishing import NameTaken, NotPublishable

if TYPE_CHECKING:
    from django.contrib.auth.models import User

PUBLISH = "catalog.publish_agent"


def actor(request: HttpRequest) -> User:
    """Who is logged in; every page of the admin asks for that first."""
    return cast("User", request.user)


def may(request: HttpRequest, *permissions: str) -> bool:
    return actor(request).has_perms([_full(permission) for permission in permissions])


def require(request: HttpRequest, *permissions: str) -> None:
    if not may(request, *permissions):
        raise PermissionDenied


def may_see(request: HttpRequest, row: str) -> bool:
    """Who may change a row may see it, as everywhere in Django's admin."""
    return may(request, f"view_{row}") or may(request, f"change_{row}")


def require_sight(request: HttpRequest, row: str) -> None:
    if not may_see(request, row):
        raise PermissionDenied


def _full(permission: str) -> str:
    return permission if "." in permission else f"catalog.{permission}"


def show(request: HttpRequest, template: str, *, status: int = 200, **context: Any) -> HttpResponse:
    return TemplateResponse(request, template, {**site.each_context(request), **context}, status=status)


@dataclass(frozen=True)
class Question:
    """What is asked before something is done that others will notice."""

    title: str
    explanation: str
    button: str
    back: str  # the address to return to without doing anything
    is_grave: bool = False


def ask(request: HttpRequest, question: Question, form: forms.Form) -> HttpResponse:
    return show(request, "admin/question.html", title=question.title, question=question, form=form)


def answered(request: HttpRequest, form: forms.Form) -> bool:
    return request.method == "POST" and form.is_valid()


@contextmanager
def refusals_in(form: forms.Form) -> Iterator[None]:
    """What a verb refuses becomes an error of the form that asked for it."""
    try:
        yield
    except (NotPublishable, NameTaken, InvalidDefinition, InvalidValue) as refusal:
        form.add_error(None, str(refusal))


class PlainForm(forms.Form):
    """A form in the house's own look: no colon after a label."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{"label_suffix": "", **kwargs})


class ReasonForm(PlainForm):
    reason = forms.CharField(
        label="Reason",
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="One sentence. It is shown on the page of the version.",
    )


class NoteForm(PlainForm):
    note = forms.CharField(
        label="Note",
        required=False,
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="What changed, for readers of the list of versions. May stay empty.",
    )
