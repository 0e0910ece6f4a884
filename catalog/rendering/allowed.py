"""The allow-list: what may stand in rendered HTML, whatever wrote it. Imports nothing of the catalog but names.

The second wall. The first is that the renderer escapes every text and writes every tag itself.
"""

import re

import nh3

from .highlighting import CLASSES as CODE_CLASSES
from .highlighting import LANGUAGES

OWN_IDS = ("prompt-", "footnote-", "line-")

TAGS = {
    *("p", "br", "hr", "h1", "h2", "h3", "h4", "h5", "h6", "blockquote", "ul", "ol", "li", "pre", "div", "section"),
    *("em", "strong", "del", "code", "a", "span", "sup", "input"),
    *("table", "thead", "tbody", "tr", "th", "td"),
}
ATTRIBUTES = {
    "a": {"href", "title", "id", "aria-label"},
    "span": {"title", "id"},
    "ol": {"start"},
    "li": {"id"},
    "input": {"type", "disabled", "checked"},
    **{f"h{level}": {"id"} for level in range(1, 7)},
}
ATTRIBUTE_VALUES = {
    "a": {"aria-hidden": {"true"}, "tabindex": {"-1"}},
    "div": {"tabindex": {"0"}},
    "pre": {"tabindex": {"0"}},
    "h6": {"aria-level": {"7", "8", "9", "10", "11", "12"}},
    "input": {"aria-label": {"Done", "Not done"}},
}
_ALERTS = {f"markdown-alert-{kind}" for kind in ("note", "tip", "important", "warning", "caution")}
_ALIGNED = {"align-left", "align-center", "align-right"}
CLASSES = {
    "a": {"heading-anchor", "footnote-backref", "image-link"},
    "code": {"raw-html", *(f"language-{name}" for name in LANGUAGES)},
    "div": {"table-scroll", "markdown-alert", *_ALERTS},
    "li": {"task-list-item"},
    "ol": {"contains-task-list"},
    "p": {"markdown-alert-title", "rendering-note", "unused-definition"},
    "pre": {"raw-html", "source"},
    "section": {"footnotes"},
    "span": {"invisible-char", "dead-link", "line", *CODE_CLASSES},
    "sup": {"footnote-ref"},
    "td": _ALIGNED,
    "th": _ALIGNED,
    "ul": {"contains-task-list"},
}
REL = "nofollow noopener ugc"

_ABSOLUTE = re.compile(r"https?://[^/\\]|mailto:[^/\\]", re.IGNORECASE)


def is_allowed_address(address: str) -> bool:
    """Whether a link may lead there: to another site or a mailbox, or to an element this renderer has named."""
    return bool(_ABSOLUTE.match(address)) or address.startswith(tuple(f"#{own}" for own in OWN_IDS))


def _attribute(tag: str, name: str, value: str) -> str | None:
    if name == "id" and not value.startswith(OWN_IDS):
        return None
    if name == "href" and not is_allowed_address(value):
        return None
    return value


def _cleaner(tags: set[str], classes: dict[str, set[str]]) -> nh3.Cleaner:
    return nh3.Cleaner(
        tags=tags,
        clean_content_tags=set(),
        attributes=ATTRIBUTES,
        tag_attribute_values=ATTRIBUTE_VALUES,
        set_tag_attribute_values={"input": {"type": "checkbox", "disabled": ""}},
        allowed_classes=classes,
        attribute_filter=_attribute,
        url_schemes={"http", "https", "mailto"},
        link_rel=REL,
    )


# What marks the changes of a text; the text's own strikes are `s` there.
_OF_MARKS = {
    "ins": {"block", "prose"},
    "del": {"block", "prose", "space"},
    "div": {"reformatted"},
    "span": {"visually-hidden", "reformatted", "said"},
}

_CLEANER = _cleaner(TAGS, CLASSES)
_MARKED_CLEANER = _cleaner(
    TAGS | {"ins", "s"},
    CLASSES | {tag: CLASSES.get(tag, set()) | names for tag, names in _OF_MARKS.items()},
)


def cleaned(html: str) -> str:
    return _CLEANER.clean(html)


def cleaned_marked(html: str) -> str:
    """The same for a text with its changes marked."""
    return _MARKED_CLEANER.clean(html)
