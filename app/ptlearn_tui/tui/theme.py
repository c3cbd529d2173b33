"""Colours by role, never by name: one theme for rich terminals, one for those with 16 colours."""

from __future__ import annotations

from typing import Final

from textual.theme import BUILTIN_THEMES, Theme

# Roles, as styles for `Content`: what a piece of text is, not what it looks like.
MUTED: Final = "$muted"  # labels, class names, units
FAINT: Final = "$faint"  # rules, line numbers
STRONG: Final = "bold $strong"
ACCENT: Final = "$accent"  # focus, keys, the curve, progress
GOOD: Final = "$success"  # done, right, healthy
WARN: Final = "$warning"  # predict, new, changed
BAD: Final = "$error"  # failed, NaN
BAND: Final = "$band"  # the spread of every step, behind the curve
CURRENT: Final = "on $current"  # the line that a graph node points at

RICH = Theme(
    name="ptlearn",
    primary="#6cb6ff",
    accent="#6cb6ff",
    success="#8ccf8c",
    warning="#e0b15e",
    error="#f07178",
    foreground="#d7dae0",
    background="#15181d",
    surface="#15181d",
    panel="#1d2128",
    dark=True,
    variables={
        "muted": "#7f8894",
        "faint": "#4b525c",
        "strong": "#eef1f5",
        "band": "#404e62",
        "bar": "#1d2128",
        "code": "#1b1f26",
        "current": "#24303d",
        "keyword": "#c792ea",
        "number": "#f2a97e",
        "string": "#a5d6a0",
        "call": "#82aaff",
        "comment": "#7f8894",
        "scrollbar": "#2a3038",
        "scrollbar-hover": "#3a424d",
        "scrollbar-active": "#4b525c",
        "scrollbar-background": "#15181d",
        "scrollbar-background-hover": "#15181d",
        "scrollbar-background-active": "#15181d",
        "scrollbar-corner-color": "#15181d",
        "block-cursor-text-style": "none",
        "input-cursor-background": "#d7dae0",
        "input-selection-background": "#6cb6ff 30%",
    },
)

SIXTEEN = Theme(
    name="ptlearn-16",
    ansi=True,
    primary="ansi_bright_cyan",
    accent="ansi_bright_cyan",
    success="ansi_green",
    warning="ansi_yellow",
    error="ansi_red",
    foreground="ansi_default",
    background="ansi_default",
    surface="ansi_default",
    panel="ansi_default",
    boost="ansi_default",
    dark=True,
    variables={
        **BUILTIN_THEMES["ansi-dark"].variables,  # what Textual's own styles want of such a theme
        "muted": "ansi_bright_black",
        "faint": "ansi_bright_black",
        "strong": "ansi_bright_white",
        "band": "ansi_bright_black",
        "bar": "ansi_default",
        "code": "ansi_default",
        "current": "ansi_default",
        "keyword": "ansi_magenta",
        "number": "ansi_yellow",
        "string": "ansi_green",
        "call": "ansi_bright_blue",
        "comment": "ansi_bright_black",
        "scrollbar": "ansi_bright_black",
        "scrollbar-hover": "ansi_white",
        "scrollbar-active": "ansi_white",
        "scrollbar-background": "ansi_default",
        "scrollbar-background-hover": "ansi_default",
        "scrollbar-background-active": "ansi_default",
        "scrollbar-corner-color": "ansi_default",
        "block-cursor-text-style": "none",
        "block-cursor-foreground": "ansi_black",
        "block-cursor-background": "ansi_white",
        "input-cursor-background": "ansi_white",
        "input-cursor-foreground": "ansi_black",
        "input-selection-background": "ansi_bright_blue",
        "border-blurred": "ansi_bright_black",
    },
)


def theme_for(color_system: str | None) -> str:
    """The theme that a terminal can show; no colours at all (NO_COLOR) want the terminal's own."""
    return RICH.name if color_system in ("256", "truecolor") else SIXTEEN.name
