"""The line ends of a text come back from a browser as they were."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.admin.lines import with_own_line_ends
from catalog.comparing import MANY_LINES, compare, shortened, steps
from tests.forms import with_crlf

pytestmark = pytest.mark.plain

TEXTS = st.lists(
    st.tuples(
        st.sampled_from(["", "a", "b ", "name: x", "---", "\ufeff", "\x0b\x0c", "\u2028é", "\t"]),
        st.sampled_from(["\n", "\r\n", "\r"]),
    ),
    max_size=12,
).map(lambda lines: "".join(text + end for text, end in lines))


@given(TEXTS, st.sampled_from(["", "end", "\n"]))
def test_a_text_that_was_not_touched_comes_back_as_it_was(text: str, last: str) -> None:
    stored = text + last
    assert with_own_line_ends(with_crlf(stored), stored) == stored


@given(TEXTS, TEXTS)
def test_nothing_but_line_ends_is_changed(typed: str, stored: str) -> None:
    assert with_crlf(with_own_line_ends(with_crlf(typed), stored)) == with_crlf(typed)


@pytest.mark.parametrize(
    ("stored", "typed", "expected"),
    [
        ("a\nb\n", "a\r\nB\r\nc\r\n", "a\nB\nc\n"),
        ("a\r\nb\r\n", "a\r\nB\r\nc", "a\r\nB\r\nc"),
        ("a\rb\r", "a\r\nx\r\nb\r\n", "a\rx\rb\r"),
        ("", "a\r\nb", "a\nb"),
        ("one line", "one line\r\n", "one line\n"),
        ("a\r\nb\nc\rd\n", "a\r\nB\r\nc\r\nd\r\n", "a\r\nB\nc\rd\n"),
        ("a\r\nb\nc\rd\n", "a\r\nc\r\nd\r\n", "a\r\nc\rd\n"),
        ("a\r\nb\nc\rd\n", "new\r\na\r\nb\r\nnew\r\nc\r\nd\r\n", "new\r\na\r\nb\nnew\nc\rd\n"),
        ("\ra\n", "\r\n\r\n", "\r\r"),
        ("a\r\nb\nlast", "a\r\nb\r\nlast\r\nmore", "a\r\nb\nlast\nmore"),
    ],
)
def test_unchanged_lines_keep_their_ends_and_new_ones_follow_the_line_above(
    stored: str, typed: str, expected: str
) -> None:
    assert with_own_line_ends(typed, stored) == expected


def test_a_comparison_shows_what_changed_with_three_lines_around() -> None:
    old = "".join(f"{n}\n" for n in range(1, 21))
    groups = compare(old, old.replace("\n10\n", "\nten\n"))
    assert [[(row.kind, row.old, row.new, row.text) for row in group] for group in groups] == [
        [
            ("same", 7, 7, "7"),
            ("same", 8, 8, "8"),
            ("same", 9, 9, "9"),
            ("gone", 10, None, "10"),
            ("new", None, 10, "ten"),
            ("same", 11, 11, "11"),
            ("same", 12, 12, "12"),
            ("same", 13, 13, "13"),
        ]
    ]


def test_a_comparison_names_line_ends_that_changed() -> None:
    [[gone, new]] = compare("a\n", "a\r\n")
    assert (gone.end, new.end) == ("", "CRLF")
    assert compare("a\n", "a\n") == []


def test_two_long_texts_without_a_common_line_are_compared_at_once() -> None:
    [rows] = compare("a\n" * 60_000, "b\n" * 60_000)
    assert len(rows) == 120_000


@given(*[st.lists(st.sampled_from("abcdef"), max_size=14)] * 2)
def test_the_steps_from_one_text_lead_to_the_other(old: list[str], new: list[str]) -> None:
    made, a, b = [], 0, 0
    for kind, start, stop, at, until in steps(old, new):
        assert (start, at) == (a, b)
        assert kind != "equal" or old[start:stop] == new[at:until]
        made += old[start:stop] if kind == "equal" else new[at:until]
        a, b = stop, until
    assert (made, a, b) == (new, len(old), len(new))


def test_lines_that_occur_once_are_aligned_before_blank_ones() -> None:
    old = ["one", "", "two", "", "three"]
    new = ["", "zero", "", "two", "", "three"]
    assert [(kind, old[a:b], new[c:d]) for kind, a, b, c, d in steps(old, new)] == [
        ("replace", ["one"], ["", "zero"]),
        ("equal", ["", "two", "", "three"], ["", "two", "", "three"]),
    ]


@pytest.mark.parametrize("common", ["", "every", "tenth"])
def test_long_texts_full_of_repeated_lines_count_as_rewritten_but_for_their_ends(common: str) -> None:
    old = [str(n) if n % 2 else common for n in range(100_000)]
    new = [f"-{n}" if n % 2 and n % 10 != 5 else old[n] for n in range(100_000)]
    assert steps(old, new) == [
        ("equal", 0, 1, 0, 1),
        ("replace", 1, 100_000, 1, 100_000),
    ]


def test_a_long_text_is_compared_line_by_line_where_what_differs_is_not_long() -> None:
    old = [str(n) for n in range(100_000)]
    new = [*old[:50_000], "new", *old[50_001:50_500], "newer", *old[50_501:]]
    assert [step[0] for step in steps(old, new)] == ["equal", "replace", "equal", "replace", "equal"]
    most = [str(n) for n in range(MANY_LINES)]
    assert [step[0] for step in steps(["a", *most[2:], "b"], ["c", *most[2:], "d"])] == ["replace", "equal", "replace"]


def test_a_comparison_shows_three_lines_around_each_change() -> None:
    old = [str(n) for n in range(1, 31)]
    new = [line for line in old if line not in ("1", "8", "20", "30")]
    shown = [[row.text for row in group] for group in compare("\n".join([*old, ""]), "\n".join([*new, ""]))]
    assert shown == [old[:11], old[16:23], old[26:]]


def test_a_shortened_comparison_says_how_many_lines_it_leaves_out() -> None:
    groups = compare("a\n" * 60, "b\n" * 60)
    assert (shortened(groups, 200), shortened(groups, 200).more) == (groups, 0)
    assert (shortened(groups, 120), shortened(groups, 120).more) == (groups, 0)
    assert (shortened(groups, 70), shortened(groups, 70).more) == ([groups[0][:70]], 50)
    assert (shortened([], 70), shortened([], 70).more) == ([], 0)
    several = [groups[0][:5], groups[0][5:9], groups[0][9:12]]
    assert (shortened(several, 5), shortened(several, 5).more) == (several[:1], 7)
    assert (shortened(several, 6), shortened(several, 6).more) == ([several[0], several[1][:1]], 6)
