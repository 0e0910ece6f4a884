"""Made agent definitions as long and as worded as real ones: a pool that the catalogs of the benchmarks share.

Lengths are those of 1,432 real files (prompts: median 6.9 KB, 90th percentile 16 KB, 99th 37 KB, longest 64 KB). Words
are those of the starters and the help, as frequent as there, and made ones that get rarer and rarer; one text in
twelve is Japanese. Everything follows from a number: the same number gives the same text.
"""

import json
import random
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache
from itertools import accumulate
from math import exp, log
from statistics import NormalDist
from typing import Any

from catalog.definition import Example, read
from catalog.projection import columns_of
from tests.benchmarks.files import STARTERS

POOL = 2_000
VERSIONS = 3
MEDIAN, SPREAD, LEAST, MOST = 6_900, 0.69, 400, 64_000  # bytes of a prompt, spread as their logarithms are
MADE_WORDS, MADE_SHARE = 40_000, 0.2
TOPIC, TOPIC_SHARE = 200, 0.75  # words a text keeps coming back to, and how many of its words are among them
_SYLLABLES = "ba ce di fo gu ka le mi no pu ra se ti vo wu xa ze bri cla dre fli gra kno pre sto tra vel quo shi tor"
SYLLABLES = _SYLLABLES.split()
JAPANESE = 12  # one text in so many

_NOUNS = """
    設計 実装 テスト 要件 仕様 画面 顧客 障害 監視 運用 性能 品質 権限 認証 暗号 脆弱性 依存関係 移行 手順 報告書
    議事録 データベース サーバー クラウド コンテナ ネットワーク セキュリティ レビュー エージェント リスク
    アーキテクチャ プロジェクト スケジュール コード 関数 変数 例外 ログ 画像 翻訳 文章 表現 用語集 在庫 請求書
    契約 見積もり 予算 担当者 利用者 管理者 開発者
"""
_VERBS = "確認する 作成する 分析する 修正する 提案する 整理する 検証する 記録する 比較する 説明する 分割する"
NOUNS, VERBS = _NOUNS.split(), _VERBS.split()

MODELS = {"": 62, "sonnet": 20, "inherit": 6, "opus": 5, "haiku": 4, "claude-sonnet-4-6": 1, "claude-opus-4-6": 1}
MODES = {"": 965, "acceptEdits": 15, "plan": 10, "dontAsk": 7, "bypassPermissions": 3}
COLORS = ("", "", "", "red", "blue", "green", "yellow", "purple", "orange", "pink", "cyan")
TOOLS = {
    "Read": 66, "Grep": 54, "Write": 53, "Glob": 53, "Bash": 48, "Edit": 47, "WebFetch": 17, "WebSearch": 16, "Task": 5,
    "MultiEdit": 4, "TodoWrite": 4, "NotebookEdit": 2, "Bash(git log:*)": 2, "mcp__context7__get-library-docs": 4,
    "mcp__sequential-thinking__sequentialthinking": 3, "mcp__github__get_issue": 2, "mcp__playwright__browser_click": 1,
}  # fmt: skip
ALL_TOOLS_SHARE, EXAMPLES_SHARE = 0.45, 0.25


@dataclass(frozen=True)
class Edition:
    """The text of one version, without what each agent has of its own."""

    prompt: str
    columns: dict[str, Any]


@dataclass(frozen=True)
class Text:
    """One definition of the pool, in three editions that grow; `examples` is the end of its description."""

    examples: str
    fields: str
    is_japanese: bool
    editions: tuple[Edition, ...] = ()
    dialogues: tuple[Example, ...] = ()

    def source(self, name: str, lead: str, prompt: str) -> str:
        description = json.dumps(lead + self.examples, ensure_ascii=False)
        return f"---\nname: {name}\ndescription: {description}\n{self.fields}---\n{prompt}"


@cache
def text(number: int) -> Text:
    """The text of this number, of which there are POOL."""
    rng = random.Random(f"text {number}")
    is_japanese = number % JAPANESE == JAPANESE - 1
    writer = Writer(rng, is_japanese)
    blocks = list(writer.blocks(_length(rng)))
    bare = Text(writer.examples() if rng.random() < EXAMPLES_SHARE else "", _fields(rng), is_japanese)
    editions = []
    for version in range(1, VERSIONS + 1):
        kept = blocks[: max(1, len(blocks) * (version + 5) // (VERSIONS + 5))]
        for _ in range(VERSIONS - version):  # what was worded otherwise then
            kept[rng.randrange(len(kept))] = writer.paragraph()
        prompt = "\n" + "\n\n".join(kept) + "\n"
        definition = read(bare.source("name", "Lead.", prompt))
        editions.append(Edition(prompt, columns_of(definition)))
    return replace(bare, editions=tuple(editions), dialogues=definition.examples)


class Writer:
    """Writes one text, or what an agent says of itself."""

    def __init__(self, rng: random.Random, is_japanese: bool) -> None:
        self.rng, self.is_japanese = rng, is_japanese
        self.topic: list[str] = []
        self.topic = self.words(TOPIC)

    def words(self, count: int) -> list[str]:
        known = sum(self.rng.random() < TOPIC_SHARE for _ in range(count)) if self.topic else 0
        words, sums = vocabulary()
        chosen = self.rng.choices(words, cum_weights=sums, k=count - known)
        chosen += self.rng.choices(self.topic, k=known) if known else []
        self.rng.shuffle(chosen)
        return chosen

    def sentence(self) -> str:
        if self.is_japanese:
            one, two, three = self.rng.choices(NOUNS, k=3)
            return f"{one}の{two}を{three}で{self.rng.choice(VERBS)}。"
        return " ".join(self.words(self.rng.randint(7, 20))).capitalize() + "."

    def paragraph(self) -> str:
        return ("" if self.is_japanese else " ").join(self.sentence() for _ in range(self.rng.randint(2, 5)))

    def lead(self, about: str) -> str:
        """One or two sentences on what an agent is for, with a word that hardly another has."""
        if self.is_japanese:
            return f"{about}：{self.sentence()}{self.sentence()}"
        rare = _made(self.rng.randrange(10**6, 10**8))
        return f"Use this agent for {about}: {' '.join(self.words(self.rng.randint(6, 30)))} {rare}. {self.sentence()}"

    def title(self) -> str:
        return "".join(self.rng.sample(NOUNS, 2)) if self.is_japanese else " ".join(self.words(3)).capitalize()

    def blocks(self, length: int) -> Iterator[str]:
        """Headings, paragraphs, lists and code as Markdown, until there are so many bytes."""
        size = 0
        while size < length:
            for block in self.section():
                size += len(block.encode()) + 2
                yield block
                if size >= length:
                    return

    def section(self) -> Iterator[str]:
        yield f"## {self.title()}"
        yield self.paragraph()
        mark = self.rng.choice(("- ", "1. "))
        yield "\n".join(mark + self.sentence() for _ in range(self.rng.randint(3, 8)))
        if self.rng.random() < 0.3:
            code = "\n".join("{}_{} = {}({})".format(*self.words(3), self.rng.randrange(100)) for _ in range(5))
            yield f"```python\n{code}\n```"

    def examples(self) -> str:
        blocks = (
            f'<example>\nContext: {self.sentence()}\nuser: "{self.sentence()}"\nassistant: "{self.sentence()}"\n'
            f"<commentary>\n{self.sentence()}\n</commentary>\n</example>"
            for _ in range(self.rng.choice((1, 2)))
        )
        return "\n\nExamples:\n\n" + "\n\n".join(blocks)


@cache
def vocabulary() -> tuple[list[str], list[float]]:
    """Words, the most frequent first, and the sums of their weights up to each."""
    files = sorted([*STARTERS.rglob("*.md"), *(STARTERS.parent / "help").glob("*.md")])
    text = " ".join(file.read_text(encoding="utf-8").lower() for file in files)
    counts = Counter(re.findall(r"[a-z]{2,}", text)).most_common()
    made = list(dict.fromkeys(map(_made, range(MADE_WORDS))))
    shares = [1 / (rank + 20) for rank in range(len(made))]
    unit = sum(count for _, count in counts) * MADE_SHARE / (1 - MADE_SHARE) / sum(shares)
    weights = [*(count for _, count in counts), *(unit * share for share in shares)]
    return [*(word for word, _ in counts), *made], list(accumulate(weights))


def _made(number: int) -> str:
    """A word that no dictionary has, the longer the higher its number."""
    number = (number + len(SYLLABLES)) * 7 + 3
    word = ""
    while number:
        number, syllable = divmod(number, len(SYLLABLES))
        word += SYLLABLES[syllable]
    return word


def _length(rng: random.Random) -> int:
    return round(min(max(exp(NormalDist(log(MEDIAN), SPREAD).inv_cdf(rng.random() or 0.5)), LEAST), MOST))


def _fields(rng: random.Random) -> str:
    """The lines of the frontmatter that follow the description."""
    lines = []
    if rng.random() > ALL_TOOLS_SHARE:
        tools = rng.choices(list(TOOLS), list(TOOLS.values()), k=rng.randint(2, 9))
        lines.append(f"tools: {', '.join(dict.fromkeys(tools))}")
    for key, choices in (("model", MODELS), ("permissionMode", MODES)):
        if value := rng.choices(list(choices), list(choices.values()))[0]:
            lines.append(f"{key}: {value}")
    if color := rng.choice(COLORS):
        lines.append(f"color: {color}")
    return "".join(f"{line}\n" for line in lines)
