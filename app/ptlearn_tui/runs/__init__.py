"""Training runs as folders: start, tail, list, control. Never imports torch; any process may look at any run."""

from __future__ import annotations

from ptlearn_tui.runs.control import Answer, Command, send
from ptlearn_tui.runs.folder import Request, find, read_request
from ptlearn_tui.runs.launch import resume, start
from ptlearn_tui.runs.listing import Summary, remove, stop, summaries, summary
from ptlearn_tui.runs.tail import Tail, end_of

__all__ = [
    "Answer",
    "Command",
    "Request",
    "Summary",
    "Tail",
    "end_of",
    "find",
    "read_request",
    "remove",
    "resume",
    "send",
    "start",
    "stop",
    "summaries",
    "summary",
]
