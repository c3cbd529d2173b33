"""Which Chinese paragraphs are of an English text that has changed since.

A Chinese file's front matter has a hash of each English paragraph that it translates, in order, as `source`.

    python -m ptlearn_lessons.translation                tells the paragraphs that are stale, or have none
    python -m ptlearn_lessons.translation --stamp FILE…  these were looked through: their hashes are written anew
"""

from __future__ import annotations

import argparse
import hashlib
import re
import sys
from pathlib import Path

ROOT = Path(__file__).parent

_HEAD = re.compile(r"\A---\n(.*?)^---\n", re.DOTALL | re.MULTILINE)
_SOURCE = re.compile(r"^source: .*\n", re.MULTILINE)
_TEXTS = re.compile(r"^(```+|~~~+|\$\$).*?^\1|^\S.*?(?=\n\n|\n?\Z|\n(?:```|~~~|\$\$))", re.DOTALL | re.MULTILINE)


def paragraphs(markdown: str) -> list[str]:
    """What is translated: the title, then each heading, paragraph and list; no code, no formula that stands alone."""
    head = _HEAD.match(markdown)
    body = markdown[head.end() :] if head else markdown
    title = re.findall(r"^title: *(.+)$", head[1], re.MULTILINE) if head else []
    return title + [found[0] for found in _TEXTS.finditer(body) if not found[1]]


def digest(paragraph: str) -> str:
    """The same however its lines are broken."""
    return hashlib.sha256(" ".join(paragraph.split()).encode()).hexdigest()[:6]


def stamps(chinese: str) -> list[str]:
    """The hashes that a Chinese file carries."""
    head = _HEAD.match(chinese)
    found = re.search(r'^source: "(.*)"$', head[1], re.MULTILINE) if head else None
    return found[1].split() if found else []


def stale(english: str, chinese: str) -> list[str]:
    """The English paragraphs whose translation is of another text, or missing; one too many is told as that."""
    now, carried = paragraphs(english), stamps(chinese)
    there = len(paragraphs(chinese))
    found = [text for at, text in enumerate(now) if at >= len(carried) or carried[at] != digest(text) or at >= there]
    if not found and (len(carried), there) != (len(now), len(now)):
        found.append(f"{len(now)} English paragraphs, {there} Chinese ones, {len(carried)} hashes")
    return found


def stamped(english: str, chinese: str) -> str:
    """The Chinese file with the hashes of the English one as it is now."""
    head = _HEAD.match(chinese)
    assert head is not None
    line = f'source: "{" ".join(digest(text) for text in paragraphs(english))}"\n'
    fields = _SOURCE.sub("", head[1]) + line
    return f"---\n{fields}---\n{chinese[head.end() :]}"


def pairs() -> list[tuple[Path, Path]]:
    """Every English file and its Chinese one, pages first, then exercises and whatever else there is."""
    pages = [(path, ROOT / "zh" / path.relative_to(ROOT / "en")) for path in sorted((ROOT / "en").rglob("*.md"))]
    return pages + [(path, path.with_name("zh.md")) for path in sorted((ROOT / "exercises").rglob("en.md"))]


def main(arguments: list[str]) -> int:
    """1 if anything is stale, what was just stamped left aside."""
    parser = argparse.ArgumentParser(prog="python -m ptlearn_lessons.translation")
    parser.add_argument("--stamp", nargs="+", type=Path, metavar="FILE", default=[])
    wanted = {path.resolve() for path in parser.parse_args(arguments).stamp}
    code = 0
    for english, chinese in pairs():
        texts = english.read_text("utf-8"), chinese.read_text("utf-8") if chinese.exists() else ""
        if {english.resolve(), chinese.resolve()} & wanted and texts[1]:
            chinese.write_text(stamped(*texts), "utf-8")
            continue
        for text in stale(*texts):
            sys.stdout.write(f"{chinese.relative_to(ROOT)}: {' '.join(text.split())[:90]}\n")
            code = 1
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
