"""Documents as people write them, and as nobody should: made at random from the pieces of CommonMark."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st

if TYPE_CHECKING:
    from collections.abc import Sequence

# Controls, a null, bidirectional overrides, an emoji that is joined, wide letters, a combining one, ends of lines
# that Markdown does not know, and all that Markdown does.
ODD = "\x00\x1b\x07\x85\x9b\u202e\u2066\u2028\x0b\x0c\u200d👩\u0301中文，é \t"
MARKS = "*_`~$#>|-+=[]()<>!\\&:;.0123 x\n"

WORDS = st.one_of(
    st.text(ODD + MARKS + "abc", max_size=24),
    st.sampled_from(
        [
            *(
                "words",
                "张量改变维度",
                "👍🏽 done",
                "a **bold `word`** $x_i$",
                "[link](http://a/b 'c')",
                "[ref]",
                "<b>html</b>",
            ),
            *(
                "![](",
                "[a][ref]",
                "&amp; &#0; &#xD800;",
                "$$y$$",
                "a\\",
                "a  ",
                "***",
                "---",
                "===",
                ">>> x",
                "...",
                "~~no~~",
            ),
        ]
    ),
)
SOURCES = st.sampled_from(
    ["x = 1", "", "def f():\n    return 1\n\n\nf()", "print('''\n# no heading\n''')", "张量 = '🎉'", "\t"]
)
INFOS = st.sampled_from(
    ["python", "Python", "py", "PY", "", "bash", "pycon", 'python tags=["skip-execution"]', "python3", "{python}"]
)


def fenced(info: str, source: str, fence: str, closed: bool) -> str:
    """With its end, or without."""
    return f"{fence}{info}\n{source}" + (f"\n{fence}" if closed else "")


def inside(first: str, rest: str, text: str) -> str:
    """In a list item or a quote."""
    return first + text.replace("\n", "\n" + rest)


FENCES = st.builds(
    fenced, INFOS, SOURCES, st.sampled_from(["```", "~~~", "`````"]), st.sampled_from([True] * 5 + [False])
)
SESSIONS = st.sampled_from(
    [
        *(
            ">>> x = 1\n>>> x\n1",
            "    >>> f(2)\n    4",
            "```\n>>> 1\n1\n```",
            "```pycon\n>>> for i in y:\n...     i\n1\n```",
        ),
        *("> >>> quoted", ">>>", ">> two", ">>>> four"),
    ]
)
TASKS = st.builds(
    "{}{} [{}] {}".format,
    st.sampled_from(["", " ", "  ", "> ", "    "]),
    st.sampled_from(["-", "*", "+", "1.", "23)"]),
    st.sampled_from([" ", " ", "x", "X", "", "y", "  "]),
    WORDS,
)
OTHERS = st.sampled_from(
    [
        *(
            "| a | b |\n|---|:-:|\n| 1 | `2` |\n| [ ] 3 |",
            "|a|\n|-",
            "<div>\n- [ ] no task\n\n<!-- a",
            "---",
            "***",
            "-",
            "1.",
        ),
        *(
            "$$\n\\frac{1}{2}\n$$",
            "$$\nopen",
            "$$ a $$ (b)",
            "[ref]: http://example.org 'title'",
            "[ref]: <",
            "    code\n\n    code",
        ),
        *(
            "a\n===",
            "b\n---",
            "- a\n===",
            "#",
            "## ",
            "###### six ##",
            "####### seven",
            "\\# no",
            "- Topic：",
            "* * *",
            "\t- tab",
        ),
    ]
)
HEADINGS = st.builds("{} {}".format, st.integers(1, 6).map("#".__mul__), WORDS)
LEAVES = st.one_of(WORDS, FENCES, SESSIONS, TASKS, HEADINGS, OTHERS)


def _nested(children: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    below = st.lists(children, min_size=1, max_size=3).map("\n\n".join)
    return st.one_of(
        st.builds(inside, st.just("- "), st.just("  "), below),
        st.builds(inside, st.just("> "), st.sampled_from(["> ", ">", ""]), below),
        st.builds(inside, st.sampled_from(["1. ", "7) "]), st.just("   "), below),
        st.builds(inside, st.sampled_from(["- [ ] ", "* [x] "]), st.just("  "), below),
    )


BLOCKS = st.recursive(LEAVES, _nested, max_leaves=6)
HEADS = st.sampled_from(
    [
        *("", "", "", "\ufeff", "---\ntitle: T\n---\n", "---\r\ntitle: 标题\r\nprelude: false\r\n---\r\n"),
        *("---\na: 1\rb: 2\n---\n", "---\nwords\n---\n", "---\ntitle: [a]\n---\n", "---\n---\n", "\n\n"),
    ]
)


def joined(head: str, pieces: Sequence[str], gaps: Sequence[str], end: str) -> str:
    """With the gaps between the pieces in turn, and line ends of one kind, or of all (`end` is empty)."""
    text = head + "".join(piece + gaps[at % len(gaps)] for at, piece in enumerate(pieces))
    if end:
        return text.replace("\r\n", "\n").replace("\r", "\n").replace("\n", end)
    return "".join(line + ("\r\n", "\n", "\r")[at % 3] for at, line in enumerate(text.split("\n")))


def documents(**options: Any) -> st.SearchStrategy[str]:
    """Of any make."""
    return st.builds(
        joined,
        HEADS,
        st.lists(BLOCKS, **{"max_size": 8, **options}),
        st.lists(st.sampled_from(["\n\n", "\n\n", "\n", "\n\n\n", "\n" * 30]), min_size=1, max_size=3),
        st.sampled_from(["\n", "\n", "\r\n", "\r", ""]),
    )
