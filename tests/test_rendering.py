import re
import threading
import time

import pytest
from django.core.cache import cache
from django.utils.safestring import SafeString
from hypothesis import given, settings
from hypothesis import strategies as st

from catalog import rendering
from catalog.rendering import Heading, headings, highlighting, render_inline, render_prompt, render_source
from catalog.rendering.allowed import cleaned
from catalog.rendering.characters import visible, without_surrogates
from tests.hostile import PAYLOADS, faults

pytestmark = pytest.mark.plain


@pytest.fixture(autouse=True)
def _empty_cache():
    cache.clear()


REL = 'rel="nofollow noopener ugc"'


def link(address: str, text: str) -> str:
    return f'<a href="{address}" {REL}>{text}</a>'


# --- Markdown as GitHub shows it -----------------------------------------------------------------

BLOCKS = {
    "a paragraph whose lines run on": ("a\nb", "<p>a\nb</p>"),
    "a hard line break": ("a  \nb", "<p>a<br>\nb</p>"),
    "emphasis": ("*a* **b** `c`", "<p><em>a</em> <strong>b</strong> <code>c</code></p>"),
    "what is struck out": ("~~a~~ ~b~ ~~~c~~~", "<p><del>a</del> <del>b</del> ~~~c~~~</p>"),
    "emphasis in Japanese": ("これは*強調*です。", "<p>これは<em>強調</em>です。</p>"),
    "a list right below a paragraph": ("a\n- b\n- c", "<p>a</p>\n<ul>\n<li>b</li>\n<li>c</li>\n</ul>"),
    "a list that starts at another number": ("3. a", '<ol start="3">\n<li>a</li>\n</ol>'),
    "a quote": ("> a", "<blockquote>\n<p>a</p>\n</blockquote>"),
    "a line": ("a\n\n---\n", "<p>a</p>\n<hr>"),
    "an alert": (
        "> [!WARNING]\n> a",
        '<div class="markdown-alert markdown-alert-warning">\n<p class="markdown-alert-title">Warning</p>\n'
        "<p>a</p>\n</div>",
    ),
    "tasks": (
        "- [ ] a\n- [x] b",
        '<ul class="contains-task-list">\n'
        '<li class="task-list-item"><input type="checkbox" disabled="" aria-label="Not done"> a</li>\n'
        '<li class="task-list-item"><input type="checkbox" disabled="" checked="" aria-label="Done"> b</li>\n</ul>',
    ),
    "a table with alignment in classes": (
        "a|b\n:-:|-:\nc|d",
        '<div class="table-scroll" tabindex="0"><table>\n<thead>\n<tr>\n<th class="align-center">a</th>\n'
        '<th class="align-right">b</th>\n</tr>\n</thead>\n<tbody>\n<tr>\n<td class="align-center">c</td>\n'
        '<td class="align-right">d</td>\n</tr>\n</tbody>\n</table></div>',
    ),
    "indented code": ("    a <b>", '<pre tabindex="0"><code>a &lt;b&gt;\n</code></pre>'),
    "code of no language": ("```\na\n```", '<pre tabindex="0"><code>a\n</code></pre>'),
    "code of a language": (
        "```py title=x\nif 1: f('a')  # b\n```",
        '<pre tabindex="0"><code class="language-python"><span class="hl-keyword">if</span> '
        '<span class="hl-number">1</span>: f(<span class="hl-string">\'a\'</span>)  '
        '<span class="hl-comment"># b</span>\n</code></pre>',
    ),
    "code of a language nobody knows": ("```wat\na\n```", '<pre tabindex="0"><code>a\n</code></pre>'),
    "code that nothing closes": ("```\na", '<pre tabindex="0"><code>a\n</code></pre>'),
    "a footnote": (
        "a[^x]\n\n[^x]: b",
        f'<p>a<sup class="footnote-ref"><a href="#footnote-1" id="footnote-1-use-1" {REL}>1</a></sup></p>\n'
        '<section class="footnotes">\n<ol>\n<li id="footnote-1"><p>b '
        f'<a class="footnote-backref" href="#footnote-1-use-1" aria-label="Back to reference 1" {REL}>↩</a></p>\n'
        "</li>\n</ol>\n</section>",
    ),
    "line ends of every kind": ("a\r\n\r\nb\r\rc", "<p>a</p>\n<p>b</p>\n<p>c</p>"),
    "nothing": ("", ""),
}  # fmt: skip


@pytest.mark.parametrize(("markdown", "html"), BLOCKS.values(), ids=BLOCKS)
def test_markdown_is_shown_as_github_shows_it(markdown: str, html: str):
    assert render_prompt(markdown).strip() == html


ADDRESSES = {
    "https://a.example/b": link("https://a.example/b", "https://a.example/b"),
    "(http://a.example/b_(c)).": f"({link('http://a.example/b_(c)', 'http://a.example/b_(c)')}).",
    "see www.a.example, or": f"see {link('http://www.a.example', 'www.a.example')}, or",
    "https://a.example/__init__.py": link("https://a.example/__init__.py", "https://a.example/__init__.py"),
    "https://a.example/?q=1&copy;": link("https://a.example/?q=1", "https://a.example/?q=1") + "©",
    "a.b+c@d.example.": link("mailto:a.b+c@d.example", "a.b+c@d.example") + ".",
    "<https://a.example>": link("https://a.example", "https://a.example"),
    "[a](https://a.example 'b')": f'<a href="https://a.example" title="b" {REL}>a</a>',
    "[a][b]\n\n[b]: https://a.example": link("https://a.example", "a"),
    "[a](https://ä.example/ü)": link("https://%C3%A4.example/%C3%BC", "a"),
    "![a](https://a.example/b.png)": f'<a class="image-link" href="https://a.example/b.png" {REL}>a</a>',
    "![](https://a.example/b.png)": f'<a class="image-link" href="https://a.example/b.png" {REL}>image</a>',
    "[![a](https://a.example/b.png)](https://c.example)": link("https://c.example", "a"),
    "file.py node.js README.md": "file.py node.js README.md",
    "`https://a.example`": "<code>https://a.example</code>",
    "http://a_b.c_d ftp://a.example": "http://a_b.c_d ftp://a.example",
    "[a](docs/b.md)": '<span class="dead-link" title="docs/b.md">a</span>',
    "[a](/b 'c')": '<span class="dead-link" title="/b c">a</span>',
    "[a](//b.example)": '<span class="dead-link" title="//b.example">a</span>',
    "[a](javascript:b)": '<span class="dead-link" title="javascript:b">a</span>',
    "[a](#b)": '<span class="dead-link" title="#b">a</span>',
    "![a](data:image/png;base64,AAAA)": '<span class="dead-link" title="data:image/png;base64,AAAA">a</span>',
}


@pytest.mark.parametrize(("markdown", "html"), ADDRESSES.items(), ids=ADDRESSES)
def test_links_lead_to_other_sites_mailboxes_and_nowhere_else(markdown: str, html: str):
    assert render_prompt(markdown).strip() == f"<p>{html}</p>"


# --- What the model reads, people see --------------------------------------------------------------

SHOWN = {
    "<example>\nuser: *a*\n</example>": '<pre class="raw-html">&lt;example&gt;\nuser: *a*\n&lt;/example&gt;</pre>',
    "<!-- a\n\nb -->": '<pre class="raw-html">&lt;!-- a\n\nb --&gt;</pre>',
    "a <b>c</b>": '<p>a <code class="raw-html">&lt;b&gt;</code>c<code class="raw-html">&lt;/b&gt;</code></p>',
    "a <!-- b -->": '<p>a <code class="raw-html">&lt;!-- b --&gt;</code></p>',
    "[//]: # (a <b>)": '<p class="unused-definition">[//]: # "a &lt;b&gt;"</p>',
    "[a]: b\n[a]: c\n\n[a]": '<p class="unused-definition">[a]: c</p>\n<p><span class="dead-link" title="b">',
    "[^a]: b": '<p class="unused-definition">[^a]:</p>\n<p>b</p>',
    "[^a]: b\n\n[^a]: c\n\nd[^a]": '<p class="unused-definition">[^a]:</p>\n<p>b</p>\n<p>d',
    "a\u202eb": '<p>a<span class="invisible-char" title="right-to-left override">U+202E</span>b</p>',
    "a\u200b\u200bb": (
        '<p>a<span class="invisible-char" title="zero width space, zero width space">U+200B U+200B</span>b</p>'
    ),
    "`a\u200bb`": '<p><code>a<span class="invisible-char" title="zero width space">U+200B</span>b</code></p>',
    "a\U000e0061": '<p>a<span class="invisible-char" title="tag latin small letter a">U+E0061</span></p>',
    "a\u200db": '<p>a<span class="invisible-char" title="zero width joiner">U+200D</span>b</p>',
    "👩‍💻 ❤️ می‌خواهم 1️⃣": "<p>👩‍💻 ❤️ می‌خواهم 1️⃣</p>",
    "\ud800": "<p>\ufffd</p>",
    "a\x00b": "<p>a\ufffdb</p>",
}  # fmt: skip


@pytest.mark.parametrize(("text", "html"), SHOWN.items(), ids=map(ascii, SHOWN))
def test_nothing_the_model_reads_is_hidden(text: str, html: str):
    assert render_prompt(text).strip().startswith(html)


def test_a_long_run_of_hidden_characters_is_counted_instead_of_listed():
    shown = render_prompt("a" + "\u200b" * 500)
    assert "… (500 hidden characters)" in shown
    assert len(shown) < 500


# --- Headings -------------------------------------------------------------------------------------


def test_the_highest_heading_becomes_h3_and_the_contents_list_has_the_same_ids():
    text = "## One `two` <three>\n\n### Deeper\n\nSetext\n---\n"
    assert headings(text) == [
        Heading(3, "prompt-one-two", "One two <three>"),
        Heading(4, "prompt-deeper", "Deeper"),
        Heading(3, "prompt-setext", "Setext"),
    ]
    html = render_prompt(text)
    assert re.findall(r'<h(\d) id="([^"]+)"', html) == [(str(h.level), h.id) for h in headings(text)]


def test_a_heading_deeper_than_h6_says_its_level():
    html = render_prompt("# a\n\n###### b")
    assert '<h6 id="prompt-b" aria-level="8">b' in html


def test_the_shift_of_headings_can_be_chosen():
    assert [heading.level for heading in headings("## a\n# b", shift=0)] == [2, 1]
    assert '<h2 id="prompt-a">' in render_prompt("## a\n# b", shift=0)


def test_headings_of_one_name_are_told_apart_as_github_does():
    text = "# a\n# a\n# a-1\n# a\n# !\n# 日本語 の 見出し"
    ids = [heading.id.removeprefix("prompt-") for heading in headings(text)]
    assert ids == ["a", "a-1", "a-1-1", "a-2", "section", "日本語-の-見出し"]


@pytest.mark.parametrize("fragment", ["set-up-1", "SET-UP-1", "%73et-up-1"])
def test_a_link_to_a_heading_of_the_same_text_leads_to_it(fragment: str):
    html = render_prompt(f"[go](#{fragment})\n\n# Set up\n\n# Set up")
    assert link("#prompt-set-up-1", "go") in html


def test_no_id_can_be_one_of_the_page():
    html = render_prompt("# main\n# footnote-1\n# line-1\na[^main]\n\n[^main]: b") + render_source("a")
    ids = re.findall(r' id="([^"]*)"', html)
    assert len(ids) == len(set(ids)) == 6
    assert all(id.startswith(("prompt-", "footnote-", "line-")) for id in ids)


# --- Leads, examples and sources ------------------------------------------------------------------


def test_leads_and_examples_keep_their_lines_and_have_no_headings_or_lists():
    html = render_inline("Use **this**:\n- a\n# b <c>\n\n```py\n1\n```")
    assert html == (
        '<p>Use <strong>this</strong>:<br>\n- a<br>\n# b <code class="raw-html">&lt;c&gt;</code></p>\n'
        '<pre tabindex="0"><code class="language-python"><span class="hl-number">1</span>\n</code></pre>\n'
    )


def test_the_source_is_shown_as_it_is_with_numbered_lines():
    assert render_source("---\r\nname: <a>\n\n\u202e*b*\r") == (
        '<pre class="source" tabindex="0"><code><span class="line" id="line-1">---</span>\n'
        '<span class="line" id="line-2">name: &lt;a&gt;</span>\n'
        '<span class="line" id="line-3"></span>\n'
        '<span class="line" id="line-4"><span class="invisible-char" title="right-to-left override">U+202E</span>*b*'
        '<span class="invisible-char" title="unnamed">U+000D</span></span></code></pre>\n'
    )


# --- Hostile text -----------------------------------------------------------------------------------


@pytest.mark.parametrize("payload", PAYLOADS, ids=ascii)
@pytest.mark.parametrize("render", [render_prompt, render_inline, render_source])
def test_hostile_text_is_inert(render, payload: str):
    for text in (
        payload,
        f"a\n\n{payload}\n\nb",
        f"- {payload}",
        f"> {payload}",
        f"# {payload}",
        f"|a|\n|-|\n|{payload}|",
    ):
        html = render(text)
        assert isinstance(html, SafeString)
        assert faults(html) == []


@pytest.mark.parametrize("payload", PAYLOADS, ids=ascii)
def test_the_second_wall_stands_alone(payload: str):
    """What the allow-list does to text that nobody escaped."""
    assert [fault for fault in faults(cleaned(without_surrogates(payload))) if "character" not in fault] == []


MARKS = (
    "\n",
    "\n\n",
    "    ",
    "- ",
    "> ",
    "# ",
    "```",
    "`",
    "**",
    "_",
    "~~",
    "[",
    "](",
    ")",
    "![",
    "<",
    ">",
    "|",
    "|-|",
)
FRAGMENTS = st.sampled_from([*PAYLOADS, *MARKS])


@settings(max_examples=200)
@given(st.lists(FRAGMENTS | st.text(max_size=8), max_size=12).map("".join))
def test_no_mixture_of_hostile_texts_gets_through(text: str):
    for render in (render_prompt, render_inline, render_source):
        assert faults(render(text)) == []


# --- Bounded work -----------------------------------------------------------------------------------

SIZE = 256 * 1024
NESTS = "".join("  " * depth + "- a\n" for depth in range(300))
SHAPES = [
    *("[", "![", "[![", "[]", "[](", "[a](", "[[a]](", "[^", "[^a]", "[^a]: b\n", "[a]: b\n", "]", "(", "!"),
    *("*_", "*a* ", "***a***", "a*", "_a", "~a", "`", "``a` ", "\\", "&", "&#", "'", '"', "日本*語*"),
    *("<", "<a ", "<a b='", "<!--", "<?", "<![CDATA[", "</a", "<a>"),
    *("> ", ">", "- ", "- a\n", "1. a\n", "> - ", "* * ", "|", "|a", "a|b\n-|-\n", "# a\n", "a\n===\n"),
    *("```\n", "```c\n\n", "```py\na\n```\n", "    a\n", "\n", "a\n", " \n", "\t", "\r", "\x00"),
    *("http://", "https://a.b ", "www.", "a@", "a@b.", "a@b.c ", "a.", ":", "www.a.b)"),
    *("\u202e", "a\u200b", "😀"),
]
TEXTS = {
    **{shape: shape * (SIZE // len(shape)) for shape in SHAPES},
    "nested lists": NESTS,
    "nested lists, again and again": "\n".join(" " * (2 * (line % 200)) + "- a" for line in range(1200)),
    "nested quotes": (">" * 90 + "a\n\n") * 2800,
    "nested quotes and lists": ("> - " * 40 + "a\n") * 1600,
    "a wide and long table": "|a" * 500 + "|\n" + "|-" * 500 + "|\n" + "|\n" * 10_000,
    "a long address used often": f"[a]: http://b/{'c' * 1900}\n\n" + "[a] " * 50_000,
    "brackets after a footnote": "[^x]: y\n\n" + "[^" * 100_000,
    "an address and its brackets": "http://a.b/" + ")" * 200_000,
    "an address and its entities": "http://a.b/" + "&a;" * 80_000,
    "headings whose names meet": "# a\n# a-1\n" * 9000,
    "code that is slow to colour": "```cpp\nx" + "\n" * 900 + "x\n```\n" * 18,
}


@pytest.mark.no_cover
@pytest.mark.parametrize("text", TEXTS.values(), ids=map(ascii, TEXTS))
def test_any_text_of_256_kib_is_answered_within_bounded_time(text: str):
    start = time.process_time()
    html = render_prompt(text[:SIZE])
    seconds = time.process_time() - start
    assert faults(html[: html.rfind("<", 0, 200_000)]) == []
    assert seconds < 10  # about 1.5 on an idle machine, 5 on one that is busy; a quadratic rule takes minutes


def test_what_is_too_intricate_is_shown_as_its_source_with_a_note():
    html = render_prompt("[" * 100_000 + "<b>")
    assert html.startswith('<p class="rendering-note">')
    assert "&lt;b&gt;" in html
    assert headings("# a\n\n" + "[" * 100_000) == []


def test_lists_deeper_than_the_parser_goes_are_shown_and_not_dropped():
    assert "deepest" in render_prompt(NESTS + " " * 600 + "- deepest")


def test_a_fault_of_a_library_shows_the_source(monkeypatch: pytest.MonkeyPatch):
    def fail(info: str) -> str:
        raise RuntimeError("a lexer's fault")

    monkeypatch.setattr("catalog.rendering.renderer.language_of", fail)
    assert "rendering-note" in render_prompt("```py\n1\n```")


@pytest.mark.parametrize("language", highlighting.LANGUAGES)
def test_every_language_is_coloured_and_keeps_its_text(language: str):
    code = "class A:\n    # b\n    return f(\"c\", 1) // 2 /* d */\n<e f='g'>{{ h }}</e>\n\n\n# i\n- j\n"
    html = highlighting.highlighted(code, language, {})
    assert "hl-" in html
    assert re.sub(r"<[^>]+>", "", html) == visible(code)


def test_long_code_is_coloured_piece_by_piece(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(highlighting, "MAX_SECONDS", 30)  # a busy machine takes longer for the same work
    code = "def f():\n    return 1\n\n\n" * 1000
    html = highlighting.highlighted(code, "python", {})
    assert html.count('<span class="hl-keyword">def</span>') == 1000
    assert '<span class="hl-' not in highlighting.highlighted("x = 1;" * 2000, "python", {})


# --- The cache --------------------------------------------------------------------------------------


def test_a_rendered_text_is_kept_by_its_digest_and_the_renderer_version(monkeypatch: pytest.MonkeyPatch):
    first = render_prompt("# a")
    monkeypatch.setattr(rendering, "prompt_html", None)  # from here on only the cache can answer
    assert render_prompt("# a") == first
    assert isinstance(render_prompt("# a"), SafeString)
    assert headings("# a") == [Heading(3, "prompt-a", "a")]
    monkeypatch.setattr(rendering, "RENDERER_VERSION", rendering.RENDERER_VERSION + 1)
    assert "rendering-note" in render_prompt("# a")


def test_a_prompt_and_a_lead_of_the_same_text_are_kept_apart():
    assert "<h3" in render_prompt("# a")
    assert "<h3" not in render_inline("# a")
    assert "<h1" in render_prompt("# a", shift=0)


def test_several_threads_render_at_once():
    texts = [f"# {n}\n\n- [ ] `{n}`\n\n```py\n{n}\n```" for n in range(40)]
    expected = [render_prompt(text) for text in texts]
    cache.clear()
    shown: dict[int, str] = {}
    threads = [threading.Thread(target=lambda n=n: shown.update({n: render_prompt(texts[n])})) for n in range(40)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [shown[n] for n in range(40)] == expected
