"""The definition: a source that has been read, and its two ways of change. Imports only this package."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from functools import cached_property
from types import MappingProxyType
from typing import Any

from . import checks
from .dialogues import Dialogues, Example, read_dialogues
from .examples import write_examples, write_lead
from .findings import Finding, InvalidDefinition, InvalidValue, Severity
from .frontmatter import Frontmatter, Reading, read_frontmatter, split
from .limits import MAX_SOURCE_BYTES
from .names import fold_name, title_of
from .rewriting import Quoted, as_decoded, is_list_field, is_same, newline_of, refuse_unwritable, rewrite
from .tools import Capability, split_tools
from .values import Entry


def digest_of(data: bytes) -> str:
    """`sha256:` and 64 hexadecimal digits, of a source's bytes."""
    return "sha256:" + hashlib.sha256(data).hexdigest()


class Definition:
    """A source that has been read. Immutable; everything but `source` follows from it.

    `read` and `parse` make one. The text attributes are "" where the file has none, `model` and `color` None.
    """

    def __init__(self, source: str, frontmatter: Frontmatter, early: Iterable[Finding] = ()) -> None:
        self.source = source
        self.frontmatter = frontmatter
        self._early = tuple(early)

    def __repr__(self) -> str:
        return f"<Definition {self.name or 'without a name'} {self.digest[:19]}>"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Definition) and self.source == other.source

    def __hash__(self) -> int:
        return hash(self.source)

    # --- The file ---

    @cached_property
    def _bytes(self) -> bytes:
        return self.source.encode(errors="surrogatepass")

    @cached_property
    def digest(self) -> str:
        """`sha256:` and 64 hexadecimal digits, of the file's bytes."""
        return digest_of(self._bytes)

    @property
    def size(self) -> int:
        """Bytes of the file."""
        return len(self._bytes)

    @property
    def newline(self) -> str:
        r"""The file's line end, "\n" or "\r\n": that of its first line."""
        return newline_of(self.source)

    @property
    def prompt(self) -> str:
        """The text after the closing fence's line, exactly."""
        return self.frontmatter.prompt

    @property
    def reading(self) -> Reading:
        return self.frontmatter.reading

    # --- The fields ---

    @cached_property
    def fields(self) -> Mapping[str, Any]:
        r"""Every field by key, unknown ones too, as JSON values; a description with its literal `\n` decoded."""
        values = self.frontmatter.values
        if "description" in values:
            values["description"] = as_decoded(values["description"])
        return MappingProxyType(values)

    @cached_property
    def entries(self) -> Mapping[str, Entry]:
        """Where each field stands; of one that stands twice the last, which is the one that counts."""
        return {entry.key: entry for entry in self.frontmatter.entries}

    def _text(self, key: str) -> str:
        value = self.fields.get(key)
        return value if isinstance(value, str) else ""

    @cached_property
    def name(self) -> str:
        """The address form of the name: "FP&A Analyst" is "fp-a-analyst". The name as written is `fields["name"]`."""
        return fold_name(self._text("name"))

    @cached_property
    def title(self) -> str:
        """The name as people read it: "Python Backend Engineer"."""
        return title_of(self._text("name"))

    @property
    def description(self) -> str:
        return self._text("description")

    @cached_property
    def _dialogues(self) -> Dialogues:
        return read_dialogues(self.description)

    @cached_property
    def lead(self) -> str:
        """The description without its examples."""
        return self._dialogues.lead

    @cached_property
    def examples(self) -> tuple[Example, ...]:
        return self._dialogues.examples

    @property
    def model(self) -> str | None:
        return self._text("model").strip() or None

    @property
    def color(self) -> str | None:
        return self._text("color").strip() or None

    @cached_property
    def tools(self) -> tuple[str, ...] | None:
        """The tools it may use; None: all tools. An empty tuple: the field is there and empty."""
        value = self.fields.get("tools")
        return () if value is None and "tools" in self.fields else split_tools(value)

    # --- What follows from them ---

    @cached_property
    def findings(self) -> tuple[Finding, ...]:
        """The result of every check, most severe first."""
        return checks.check(self, self._early)

    @cached_property
    def errors(self) -> tuple[Finding, ...]:
        """The findings that keep the text from being published."""
        return checks.errors(self, self._early)

    @cached_property
    def capabilities(self) -> tuple[Capability, ...]:
        """What the agent may do on its reader's machine, in plain words, risky ones marked."""
        return checks.capabilities(self)

    @property
    def description_tokens(self) -> int:
        """Estimated tokens of the description: what the agent costs in every conversation it is offered to."""
        return checks.estimated_tokens(self.description)

    @property
    def prompt_tokens(self) -> int:
        """Estimated tokens of the prompt: what the agent costs each time it runs."""
        return checks.estimated_tokens(self.prompt)

    def line_of(self, key: str) -> int | None:
        """The line of the source, from 1, where a field begins."""
        entry = self.entries.get(key)
        return entry.line + 2 if entry else None

    # --- Change: text to text ---

    def replace(self, **fields: Any) -> Definition:
        """A definition with these fields set, every byte outside their lines kept; None removes a field.

        Takes every key of `fields`, and `prompt` (the exact text after the closing fence) and `lead` (the
        description's text without its examples). Values are texts, numbers, booleans, lists and mappings;
        `tools` may be a tuple and is written as the file writes its list. A value the field has already
        changes nothing. Raises InvalidValue where a value cannot be brought back by reading the file again.
        """
        definition = self
        for key, value in fields.items():
            definition = definition._replace_one(key, value)
        return definition

    def _replace_one(self, key: str, value: Any) -> Definition:
        if key == "prompt":
            return self._with_prompt(value)
        if key == "lead":
            return self._with_lead(value or "")
        if is_list_field(key) and isinstance(value, (list, tuple)):
            if not all(isinstance(item, str) for item in value):
                raise InvalidValue("A list of tools holds names.")
            value = self._as_the_file_lists(key, tuple(value))
        if value is None and key not in self.fields:
            return self
        if (
            key in self.fields
            and value is not None
            and not isinstance(value, Quoted)
            and is_same(self.fields[key], value)
        ):
            return self
        return read(rewrite(self.source, key, value))

    def _with_lead(self, lead: str) -> Definition:
        if not isinstance(lead, str):
            raise InvalidValue("The lead is text.")
        if lead.strip() == self.lead:
            return self
        changed = self._replace_one("description", write_lead(self.description, lead))
        if (changed.lead, changed.examples) != (lead.strip(), self.examples):
            raise InvalidValue(
                "The text holds what reads as an example or announces examples. "
                "Word it differently; nothing was changed."
            )
        return changed

    def _with_prompt(self, prompt: str | None) -> Definition:
        if not isinstance(prompt, str | None):
            raise InvalidValue("The prompt is text.")
        refuse_unwritable(prompt)
        cut = self.frontmatter
        closing = cut.closing
        if prompt and cut.opening and not closing.endswith("\n"):
            closing = closing.removesuffix("\r") + ("\r\n" if closing.endswith("\r") else self.newline)
        changed = read(cut.opening + cut.block + closing + (prompt or ""))
        if changed.prompt != (prompt or ""):
            raise InvalidValue("The prompt cannot be written into this file.")
        return changed

    def _as_the_file_lists(self, key: str, items: tuple[str, ...]) -> Any:
        """Text with commas, unless the file has a list there or the text would read as something else."""
        now = self.fields.get(key)
        if isinstance(now, list):
            return list(items)
        same = split_tools(now) == items if isinstance(now, str) else False
        joined = now if same else ", ".join(items)
        return joined if items and split_tools(joined) == items else list(items)

    def with_examples(self, examples: Iterable[Example]) -> Definition:
        """A definition with these examples in its description, written in the convention the file uses.

        Examples that are there already keep their text as written. Raises InvalidValue where an example's text
        would read as another part.
        """
        return self.replace(description=write_examples(self.description, tuple(examples)))


def read(text: str) -> Definition:
    """Read any text, a half-written one too. Never raises: what is wrong is among the findings."""
    if len(text) > MAX_SOURCE_BYTES or len(text.encode(errors="surrogatepass")) > MAX_SOURCE_BYTES:
        message = (
            f"The file is larger than {MAX_SOURCE_BYTES // 1024} KiB. An agent is a text that is read before every "
            "task: keep what it always needs and leave the rest to files it can look up."
        )
        return Definition(text, split(text), [Finding("file-too-large", Severity.ERROR, message)])
    return Definition(text, read_frontmatter(text))


def parse(data: bytes | str) -> Definition:
    """Read what is to be published or imported: the bytes of a file, or its text.

    Raises InvalidDefinition with all errors at once; never anything else, whatever the bytes.
    """
    definition = read(data if isinstance(data, str) else _decoded(data))
    if errors := definition.errors:
        raise InvalidDefinition(errors)
    return definition


def _decoded(data: bytes) -> str:
    if len(data) > MAX_SOURCE_BYTES:
        return data[: MAX_SOURCE_BYTES + 4].decode("utf-8", "replace")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
            message = "The file is saved as UTF-16. Save it again as UTF-8."
        else:
            message = (
                f"The file is not UTF-8 text: line {line} holds a byte (0x{data[error.start]:02x}) that does not "
                "belong. Save it again as UTF-8."
            )
        finding = Finding("not-utf-8", Severity.ERROR, message, line=line)
        raise InvalidDefinition([finding, *_other_errors(data)]) from None


def _other_errors(data: bytes) -> list[Finding]:
    """What else is wrong with bytes that are not UTF-8, as far as can be told."""
    text = data.decode("utf-8", "replace")
    return [f for f in read(text).errors if f.code != "nul-character"] if data[:1] not in (b"\xff", b"\xfe") else []
