"""`>>>` blocks: the code without its prompts, and what the author's own run of it had shown."""

from __future__ import annotations

PROMPT, CONTINUED = ">>>", "..."


def is_session(text: str) -> bool:
    """Whether a block begins as Python's prompt does."""
    first = text.lstrip("\n").lstrip().split("\n", 1)[0]
    return first == PROMPT or first.startswith(PROMPT + " ")


def split(text: str) -> tuple[str, str]:
    """The source and what was printed, each in order: `>>> 1 + 1`, `2` -> `1 + 1`, `2`."""
    source: list[str] = []
    printed: list[str] = []
    for line in text.strip("\n").split("\n"):
        words = line.lstrip()
        if words in (PROMPT, CONTINUED):
            source.append("")
        elif words.startswith((PROMPT + " ", CONTINUED + " ")):
            source.append(words[len(PROMPT) + 1 :])
        else:
            printed.append(line)
    return "\n".join(source).rstrip(), "\n".join(printed).strip("\n")
