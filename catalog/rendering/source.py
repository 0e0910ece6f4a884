"""The raw view of a text: numbered lines, nothing interpreted. Imports nothing of the catalog."""

from .bounds import MAX_LINES
from .characters import visible


def source_html(text: str) -> str:
    """A `pre` with a span a line (its number comes from a style sheet, so that it is not copied with the text).

    Line ends are shown as line ends, a carriage return that is none as a hidden character.
    """
    text = text.replace("\r\n", "\n")
    lines = text.removesuffix("\n").split("\n")
    if len(lines) > MAX_LINES:
        inner = visible(text)
    else:
        inner = "\n".join(f'<span class="line" id="line-{n}">{visible(line)}</span>' for n, line in enumerate(lines, 1))
    return f'<pre class="source" tabindex="0"><code>{inner}</code></pre>\n'
