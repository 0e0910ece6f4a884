"""Lines of a text, given back the line ends that a browser took. Imports `comparing`."""

from __future__ import annotations

from catalog.comparing.lines import Line, split_lines, steps


def with_own_line_ends(typed: str, stored: str) -> str:
    """The text of a form, with the line ends of the text that was put into it.

    A browser turns every line end into CRLF. A line that did not change gets back the end it had, a new one
    that of the line above it; so a text that was not touched is exactly `stored`.
    """
    new = [line.text for line in split_lines(typed)]
    old = split_lines(stored)
    kinds = {line.end for line in old[:-1]}
    if len(kinds) < 2:
        return (kinds or {"\n"}).pop().join(new)
    ends = _ends(old, new)
    return "".join(text + end for text, end in zip(new[:-1], ends, strict=True)) + new[-1]


def _ends(old: list[Line], new: list[str]) -> list[str]:
    """An end for each line of `new` but the last."""
    ends = [""] * len(new)
    for kind, start, stop, at, until in steps([line.text for line in old], new):
        if kind == "equal" or stop - start == until - at:
            ends[at:until] = [line.end for line in old[start:stop]]
    above = old[0].end
    for number, end in enumerate(ends):
        # CR, an empty line and LF would be one CRLF: a line would be gone.
        merges = above == "\r" and end == "\n" and number > 0 and not new[number]
        above = ends[number] = above if merges else end or above
    return ends[:-1]
