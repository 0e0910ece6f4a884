"""Tokens of the Markdown parser -> HTML in which every text is escaped. Imports nothing of the catalog."""

import re
from collections.abc import Sequence
from html import escape

from markdown_it.renderer import RendererHTML
from markdown_it.token import Token
from markdown_it.utils import EnvType, OptionsDict

from .allowed import is_allowed_address
from .bounds import spend
from .characters import visible, visible_plain
from .highlighting import highlighted, language_of
from .outline import Heading, target_of

_ALIGNMENT = re.compile(r"text-align:(left|center|right)")
_TITLE_LENGTH = 300
_CHARACTERS_A_STEP = 100  # of an address that one definition gives to many links


class SafeRenderer(RendererHTML):
    """One method a token type, called by its name; what has none here is a tag without attributes from the text."""

    def render_pieces(self, tokens: Sequence[Token], options: OptionsDict, env: EnvType) -> list[str]:
        """The HTML of each token: together they are what `render` gives."""
        return [self._piece(tokens, idx, options, env) for idx in range(len(tokens))]

    def _piece(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:
        token = tokens[idx]
        if token.type == "inline":
            return self.renderInline(token.children or [], options, env)
        write = self.rules.get(token.type, self.renderToken)
        html: str = write(tokens, idx, options, env)
        return html

    def text(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:
        return visible(tokens[idx].content)

    def code_inline(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:
        return f"<code>{visible(tokens[idx].content)}</code>"

    def html_inline(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:
        return f'<code class="raw-html">{visible(tokens[idx].content)}</code>'

    def html_block(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:
        return f'{_line_end(tokens, idx)}<pre class="raw-html">{visible(tokens[idx].content.rstrip())}</pre>\n'

    def code_block(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:
        return f'{_line_end(tokens, idx)}<pre tabindex="0"><code>{visible(tokens[idx].content)}</code></pre>\n'

    def fence(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:
        language = language_of(tokens[idx].info)
        name = f' class="language-{language}"' if language else ""
        code = highlighted(tokens[idx].content, language, env)
        return f'{_line_end(tokens, idx)}<pre tabindex="0"><code{name}>{code}</code></pre>\n'

    def s_open(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:
        return "<del>"

    def s_close(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:
        return "</del>"

    def blockquote_open(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:
        env["quotes"] = env.get("quotes", 0) + 1
        return self.renderToken(tokens, idx, options, env)

    def blockquote_close(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:
        env["quotes"] -= 1
        return self.renderToken(tokens, idx, options, env)

    # --- links and images ----------------------------------------------------------------------

    def link_open(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:
        address, title = str(tokens[idx].attrGet("href") or ""), str(tokens[idx].attrGet("title") or "")
        spend(env, 1 + (len(address) + len(title)) // _CHARACTERS_A_STEP)
        target = target_of(address[1:], env) if address.startswith("#") else address
        env["link"] = "a" if is_allowed_address(target) else "span"
        if env["link"] == "a":
            return f'<a href="{escape(target)}"{_titled(title)}>'
        return f'<span class="dead-link"{_titled(f"{address} {title}".strip())}>'

    def link_close(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:
        return f"</{env.pop('link')}>"

    def image(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:
        address, title = str(tokens[idx].attrGet("src") or ""), str(tokens[idx].attrGet("title") or "")
        spend(env, 1 + (len(address) + len(title)) // _CHARACTERS_A_STEP)
        text = visible(self.renderInlineAsText(tokens[idx].children, options, env).strip() or "image")
        if "link" in env:
            return text
        if is_allowed_address(address):
            return f'<a class="image-link" href="{escape(address)}"{_titled(title)}>{text}</a>'
        return f'<span class="dead-link"{_titled(f"{address} {title}".strip())}>{text}</span>'

    # --- headings, tables, tasks -----------------------------------------------------------------

    def heading_open(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:
        heading: Heading = tokens[idx].meta["heading"]
        level = f' aria-level="{heading.level}"' if heading.level > 6 else ""
        return f'<h{min(heading.level, 6)} id="{escape(heading.id)}"{level}>'

    def heading_close(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:
        heading: Heading = tokens[idx].meta["heading"]
        # For the mouse: the contents list offers the same targets to everyone.
        anchor = f'<a class="heading-anchor" href="#{escape(heading.id)}" aria-hidden="true" tabindex="-1"></a>'
        return f"{anchor}</h{min(heading.level, 6)}>\n"

    def table_open(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:
        return f'{_line_end(tokens, idx)}<div class="table-scroll" tabindex="0"><table>\n'

    def table_close(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:
        return "</table></div>\n"

    def td_open(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:
        aligned = _ALIGNMENT.match(str(tokens[idx].attrGet("style") or ""))
        return f'<{tokens[idx].tag} class="align-{aligned[1]}">' if aligned else f"<{tokens[idx].tag}>"

    th_open = td_open

    def list_item_open(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:
        item = self.renderToken(tokens, idx, options, env)
        done = tokens[idx].meta.get("checked")
        if done is None:
            return item
        if env.get("quotes"):  # GitHub has no tasks in quotes
            return f"{item}{'[x]' if done else '[ ]'} "
        state = 'checked aria-label="Done"' if done else 'aria-label="Not done"'
        return f'{item}<input type="checkbox" disabled {state}> '

    # --- footnotes and definitions --------------------------------------------------------------------

    def footnote_ref(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:
        number, use = tokens[idx].meta["id"] + 1, tokens[idx].meta["subId"] + 1
        if "link" in env:
            return f"[{number}]"
        link = f'<a href="#footnote-{number}" id="footnote-{number}-use-{use}">{number}</a>'
        return f'<sup class="footnote-ref">{link}</sup>'

    def footnote_anchor(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:
        number, use = tokens[idx].meta["id"] + 1, tokens[idx].meta["subId"] + 1
        which = str(use) if use > 1 else ""
        label = f"Back to reference {number}" + (f"-{which}" if which else "")
        address = f"#footnote-{number}-use-{use}"
        return f' <a class="footnote-backref" href="{address}" aria-label="{label}">\u21a9{which}</a>'

    def footnote_block_open(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:
        return '<section class="footnotes">\n<ol>\n'

    def footnote_block_close(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:
        return "</ol>\n</section>\n"

    def footnote_open(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:
        return f'<li id="footnote-{tokens[idx].meta["id"] + 1}">'

    def footnote_close(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:
        return "</li>\n"

    def definition(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:
        return ""

    def unused_definition(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:
        meta = tokens[idx].meta
        title = f' "{meta["title"]}"' if meta["title"] else ""
        return _unused(f"[{meta['label']}]: {meta['url']}{title}")

    def unused_footnote_open(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:
        return _unused(f"[^{tokens[idx].meta['label']}]:")

    def unused_footnote_close(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:
        return ""


def _line_end(tokens: Sequence[Token], idx: int) -> str:
    """Between the text of a tight list item, which has no paragraph, and the block below it."""
    return "\n" if idx and tokens[idx - 1].hidden else ""


def _unused(text: str) -> str:
    return f'<p class="unused-definition">{visible(text)}</p>\n'


def _titled(title: str) -> str:
    shown = visible_plain(title)
    shown = shown if len(shown) <= _TITLE_LENGTH else shown[:_TITLE_LENGTH] + "\u2026"
    return f' title="{escape(shown)}"' if title else ""
