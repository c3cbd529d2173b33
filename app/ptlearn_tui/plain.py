"""Text from learners, files and PyTorch, made harmless: nothing in it that a terminal would obey, or that misleads."""

from __future__ import annotations

# Controls, the bidirectional overrides that make text read as what it is not, and halves of characters.
_UNSAFE = {
    **{code: "\N{REPLACEMENT CHARACTER}" for code in (*range(0x20), *range(0x7F, 0xA0)) if code not in (9, 10)},
    **dict.fromkeys(
        (*range(0x202A, 0x202F), *range(0x2066, 0x206A), *range(0xD800, 0xE000)), "\N{REPLACEMENT CHARACTER}"
    ),
    9: "    ",
}


def safe(text: str) -> str:
    """The same text, with � for each of these; line ends stay."""
    return text.translate(_UNSAFE)


def one_line(text: str) -> str:
    """The same in one line: the names of files may hold line ends."""
    return " ".join(safe(text).splitlines())
