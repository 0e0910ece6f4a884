"""The git repository over HTTP, to be read. Imports `distribution.repository` and `throttling`.

After gitprotocol-http: two addresses are all that fetching asks for. Everything else below the repository is refused
with a sentence, which git shows to whoever tried.
"""

from __future__ import annotations

import logging
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing

from django.conf import settings
from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.views.decorators.csrf import csrf_exempt

from catalog import throttling
from catalog.distribution import repository
from catalog.distribution.repository import NotLines, Store, Unavailable
from catalog.distribution.streams import Stream, TooBusy
from catalog.throttling import COSTLY, READS, TooManyRequests

from . import commands
from .sources import answered_shortly

SERVICE = "git-upload-pack"
NOT_KEPT = "no-cache, max-age=0, must-revalidate"
MOST_ASKED = 20 << 20  # bytes of a request, unpacked
WHOLE = 8 << 20  # bytes up to which an answer is made at once
PLAIN = "text/plain; charset=utf-8"
_AT_ONCE = 1 << 16
_MANY = 20_000  # objects, of which an answer is certainly larger than is made at once, or takes as long

log = logging.getLogger(__name__)

View = Callable[..., HttpResponseBase]


class Refused(Exception):
    """What the repository does not answer, in a sentence, with the status of HTTP."""

    def __init__(self, status: int, sentence: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(sentence)
        self.status, self.headers = status, headers or {}


def _in_words(view: View) -> View:
    """`view`, with whatever goes wrong told in a line that git shows."""

    def answer(request: HttpRequest, **kwargs: str) -> HttpResponseBase:
        try:
            return view(request, **kwargs)
        except Refused as refusal:
            return _told(refusal.status, str(refusal), refusal.headers)
        except NotLines as error:
            return _told(400, str(error), {})
        except TooManyRequests as error:
            return _told(429, str(error), error.standing.headers() | {"Retry-After": str(error.standing.reset)})
        except TooBusy:
            return _told(503, "Others are cloning right now. Try again in a moment.", {"Retry-After": "5"})
        except (DatabaseError, Unavailable) as error:
            log.warning("The repository was not answered: %s", error)
            return _told(503, "The repository cannot be read just now. Try again in a minute.", {"Retry-After": "30"})

    return answered_shortly(csrf_exempt(answer))  # type: ignore[arg-type]  # no cookie counts here


@_in_words
def git_refs(request: HttpRequest) -> HttpResponseBase:
    """`info/refs`: what the repository can do, and for older clients all its refs."""
    _only(request, "GET", "HEAD")
    service = request.GET.get("service")
    if service == "git-receive-pack":
        raise _read_only()
    if service != SERVICE:
        raise Refused(403, "This repository is read with git 1.6.6 or newer (the smart protocol over HTTP).")
    throttling.take(request, READS)
    with repository.opened() as store:
        content = repository.advertisement(store, _version(request))
    return HttpResponse(content, content_type=f"application/x-{SERVICE}-advertisement", headers=_HEADERS)


@_in_words
def git_upload_pack(request: HttpRequest) -> HttpResponseBase:
    """`git-upload-pack`: the refs of a name, or the objects a client lacks."""
    _only(request, "POST")
    if request.content_type != f"application/x-{SERVICE}-request":
        raise Refused(415, f"What is asked here comes as application/x-{SERVICE}-request, as git sends it.")
    throttling.take(request, COSTLY)
    body = _body(request)
    store = repository.open_store()
    try:
        answer = repository.answer(store, body, _version(request))
        return _sent(store, answer)
    except BaseException:
        store.close()
        raise


@_in_words
def git_receive_pack(request: HttpRequest) -> HttpResponseBase:
    raise _read_only()


@_in_words
def git_home(request: HttpRequest, path: str = "") -> HttpResponseBase:
    """The address itself, in a browser; and the files of the protocol of long ago, which is not spoken here."""
    if path:
        raise Refused(404, "There is no such file: this repository is read with git, as a whole.")
    _only(request, "GET", "HEAD")
    address = commands.repository()
    marketplace = settings.CATALOG_MARKETPLACE
    text = (
        f"This is a git repository, to be read with git and with coding tools:\n\n"
        f"    git clone {address}\n"
        f"    claude plugin marketplace add {address}\n"
        f"    claude plugin install NAME@{marketplace}\n\n"
        f"The catalog it is made of: {settings.CATALOG_BASE_URL}/\n"
    )
    return HttpResponse(text, content_type=PLAIN, headers=_HEADERS)


_HEADERS = {"Cache-Control": NOT_KEPT}


def _told(status: int, sentence: str, headers: Mapping[str, str]) -> HttpResponse:
    told = {"Cache-Control": "no-store", **headers}
    return HttpResponse(sentence + "\n", status=status, content_type=PLAIN, headers=told)


def _read_only() -> Refused:
    return Refused(
        403, "Nothing is pushed here: this is made of what is published in the catalog, there or by its API."
    )


def _only(request: HttpRequest, *methods: str) -> None:
    if request.method not in methods:
        raise Refused(405, f"{request.method} is not answered at this address.", {"Allow": ", ".join(methods)})


def _version(request: HttpRequest) -> int:
    """Of the protocol: the highest that both sides know."""
    words = str(request.META.get("HTTP_GIT_PROTOCOL", "")).split(":")
    return max((number for number in (1, 2) if f"version={number}" in words), default=0)


# --- Bodies ---------------------------------------------------------------------------------------------------


def _body(request: HttpRequest) -> bytes:
    """What was asked. Git deflates long requests, and sends very long ones in chunks."""
    if request.META.get("CONTENT_LENGTH") or not request.META.get("HTTP_TRANSFER_ENCODING"):
        sent = request.read(MOST_ASKED + 1)
    else:  # Django reads no body without a length; the server that passes one on puts the chunks together
        sent = request.environ["wsgi.input"].read(MOST_ASKED + 1)  # type: ignore[attr-defined]
        if not sent:
            raise Refused(411, "The request came in chunks, which this server does not put together: state its length.")
    coding = request.META.get("HTTP_CONTENT_ENCODING", "identity").lower()
    if coding in ("gzip", "x-gzip"):
        sent = _inflated(sent)
    elif coding != "identity":
        raise Refused(415, f"The request came in the coding {coding!r}, which is not known here.")
    if len(sent) > MOST_ASKED:
        raise Refused(413, "The request names more commits than anybody has.")
    return sent


def _inflated(sent: bytes) -> bytes:
    inflater = zlib.decompressobj(16 + zlib.MAX_WBITS)
    try:
        content = inflater.decompress(sent, MOST_ASKED + 1)
    except zlib.error:
        content = b""
    if inflater.unused_data:
        raise Refused(400, "Something follows the deflated request.")
    if not inflater.eof and len(content) <= MOST_ASKED:
        raise Refused(400, "The request says that it is deflated, and is not.")
    return content


def _sent(store: Store, answer: repository.Answer) -> HttpResponseBase:
    """A small answer whole; a large one while it is made, a place of the few for such given."""
    media_type, parts = f"application/x-{SERVICE}-result", iter(answer.parts)
    begun: list[bytes] = []
    if answer.effort < _MANY:
        size = 0
        for part in parts:
            begun.append(part)
            size += len(part)
            if size > WHOLE:
                break
        else:
            store.close()
            return HttpResponse(b"".join(begun), content_type=media_type, headers=_HEADERS)
    stream = Stream(_until_closed(store, begun, parts))
    return StreamingHttpResponse(stream, content_type=media_type, headers=_HEADERS)


def _until_closed(store: Store, begun: list[bytes], parts: Iterator[bytes]) -> Iterator[bytes]:
    with closing(store):
        yield b"".join(begun)
        begun.clear()
        waiting = bytearray()
        for part in parts:
            waiting += part
            if len(waiting) >= _AT_ONCE:
                yield bytes(waiting)
                waiting.clear()
        yield bytes(waiting)
