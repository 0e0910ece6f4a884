"""Untrusted Markdown -> safe HTML: the only allow-list, the only `mark_safe`. Imports `definition` and `comparing`.

    render_prompt(version.prompt)      # a prompt, as GitHub shows a Markdown file
    headings(version.prompt)           # its headings, with the ids they have in that HTML
    render_changes(old.prompt, new.prompt)  # the new one, with what came and what went marked
    render_inline(version.lead)        # leads and examples: paragraphs, emphasis, code, links
    render_source(version.source)      # the text as it is, with numbered lines

One difference from GitHub is deliberate: people must see what the model reads. Raw HTML (tags such as
`<example>`, and comments) therefore stands there as text; how far it extends is GitHub's rule. Link definitions
and footnotes that nothing refers to are shown too, and characters that cannot be seen are shown by their number.
Images are links, so that no page asks another host for anything, and a link that leads nowhere from here
(neither http, https, mailto nor a heading of the same text) is plain text with its target as title.

Whatever the text, the answer comes within bounded work and without an exception: what is too intricate is shown
as its source. Ids in the HTML begin with `prompt-`, `footnote-` or `line-`; no page has ids like these of its own.
"""

import logging
import zlib
from collections.abc import Callable, Iterable

from django.core.cache import cache
from django.utils.safestring import SafeString, mark_safe

from catalog.definition import digest_of

from .allowed import cleaned
from .bounds import TooIntricate
from .characters import visible, without_surrogates
from .compared import Stretch, render_changes
from .outline import Heading
from .parser import prompt_html, short_html
from .source import source_html

__all__ = [
    "RENDERER_VERSION",
    "Heading",
    "Stretch",
    "headings",
    "render_changes",
    "render_inline",
    "render_lines",
    "render_prompt",
    "render_source",
]

# Raised with every change of what comes out, so that no cache answers with what came out before.
RENDERER_VERSION = 1

logger = logging.getLogger(__name__)

_KEPT = 30 * 24 * 3600  # seconds
_Rendered = tuple[str, list[Heading]]

_NOTE = '<p class="rendering-note">This text is too intricate to be formatted. It is shown as it was written.</p>\n'


def render_prompt(text: str, *, shift: int | None = None, keep: bool = True) -> SafeString:
    """A prompt as HTML. Its headings come `shift` levels lower (at most h6); by default its highest one becomes
    h3, below the page's title (h1) and the page's section (h2). A text that changes with the next key is none to
    `keep`: it would push what many read out of the cache."""
    return mark_safe(_prompt(text, shift, keep)[0])  # noqa: S308 - cleaned, see _formatted


def headings(text: str, *, shift: int | None = None) -> list[Heading]:
    """The headings of a prompt in their order, with the ids they have in `render_prompt`."""
    return _prompt(text, shift)[1]


def render_inline(text: str) -> SafeString:
    """A lead or one side of an example as HTML: paragraphs with their line breaks, fenced code, emphasis, links."""
    return mark_safe(_cached("inline", text, short_html)[0])  # noqa: S308 - cleaned, see _formatted


def render_source(text: str) -> SafeString:
    """A text as it is, each line in an element with an id (`line-12`), hidden characters made visible."""
    return mark_safe(cleaned(source_html(without_surrogates(text))))  # noqa: S308 - cleaned


def render_lines(lines: Iterable[str]) -> list[SafeString]:
    """Lines without their ends, hidden characters made visible."""
    text = without_surrogates("\n".join(lines))
    return [mark_safe(line) for line in cleaned(visible(text)).split("\n")]  # noqa: S308 - cleaned


def _prompt(text: str, shift: int | None, keep: bool = True) -> _Rendered:
    def write(clean: str) -> _Rendered:
        return prompt_html(clean, shift)

    if not keep:
        return _formatted(without_surrogates(text), write)
    return _cached(f"prompt{'' if shift is None else shift}", text, write)


def _cached(kind: str, text: str, write: Callable[[str], _Rendered]) -> _Rendered:
    text = without_surrogates(text)
    digest = digest_of(text.encode()).removeprefix("sha256:")
    key = f"rendering-{RENDERER_VERSION}-{kind}-{digest}"
    if (known := cache.get(key)) is not None:
        return zlib.decompress(known[0]).decode(), known[1]
    html, outline = _formatted(text, write)
    cache.set(key, (zlib.compress(html.encode(), 1), outline), timeout=_KEPT)
    return html, outline


def _formatted(text: str, write: Callable[[str], _Rendered]) -> _Rendered:
    try:
        html, outline = write(text)
        return cleaned(html), outline
    except TooIntricate:
        pass
    except Exception:  # a fault of a Markdown or highlighting library must not take the page down
        logger.exception("a text of %d characters could not be formatted", len(text))
    return cleaned(_NOTE + source_html(text)), []
