"""Forms as a browser reads them from a page and sends them, for somebody who is logged in."""

import html
import re
from urllib.parse import urlencode

from django.contrib.auth.models import User
from django.http import HttpResponse
from django.test import Client

_TEXTAREA = re.compile(r"<textarea\b[^>]*\bname=\"(\w+)\"[^>]*>(.*?)</textarea>", re.DOTALL)
_TEMPLATE = re.compile(r"<template\b.*?</template>", re.DOTALL)
_HIDDEN = re.compile(r'<input type="hidden" name="(\w+)" value="([^"]*)"')
_LINE_END = re.compile(r"\r\n|\r|\n")
FORM = "application/x-www-form-urlencoded"


def log_in(client: Client, user: User) -> Client:
    client.force_login(user)
    return client


def with_crlf(text: str) -> str:
    """What becomes of a text that a browser sends: every line end is CRLF."""
    return _LINE_END.sub("\r\n", text)


def fields_of(page: str) -> dict[str, str]:
    """The hidden fields and text areas of a page, read by the rules of HTML: CRLF and CR are LF, and a line end
    right after `<textarea>` is none."""
    page = _TEMPLATE.sub("", page.replace("\r\n", "\n").replace("\r", "\n"))
    texts = {name: html.unescape(text.removeprefix("\n")) for name, text in _TEXTAREA.findall(page)}
    hidden = {name: html.unescape(value) for name, value in _HIDDEN.findall(page)}
    return hidden | texts


def send(client: Client, address: str, fields: dict[str, str]) -> HttpResponse:
    body = urlencode({name: with_crlf(value) for name, value in fields.items()})
    return client.post(address, body, content_type=FORM)
