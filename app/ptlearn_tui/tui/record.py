"""What a cell made, as far as the screen has heard: events go in, the panels read out."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ptlearn_tui import events as ev
from ptlearn_tui.plain import safe
from ptlearn_tui.tui.transcript import Transcript
from ptlearn_tui.tui.widgets.plot import Series

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ptlearn_tui.kernel.output_file import OutputFile
    from ptlearn_tui.tui.cell_run import CellRun


@dataclass(eq=False)
class Record:
    """One cell's last run."""

    state: str = "new"  # new, waiting, running, ran, failed, interrupted, died
    number: int = 0  # of the run, as In [3] of a notebook
    stale: bool = False  # a cell above has run again since
    seconds: float = 0.0
    began: float = 0.0  # monotonic, while it runs
    lines: dict[int, ev.Line] = field(default_factory=dict)
    elsewhere: dict[tuple[int, int], ev.Line] = field(default_factory=dict)  # (cell, line): code of an earlier cell
    output: Transcript = field(default_factory=Transcript)
    cards: dict[tuple[str, int], ev.Tensor] = field(default_factory=dict)
    fresh_grads: set[str] = field(default_factory=set)  # names whose gradient the last backward() moved
    graphs: dict[str, ev.Graph] = field(default_factory=dict)  # by root, the newest last
    ungraphed: list[ev.NoGraph] = field(default_factory=list)  # why there is no graph at all
    trees: dict[str, ev.Modules] = field(default_factory=dict)  # by name, the newest last
    films: list[ev.Film] = field(default_factory=list)
    series: dict[str, Series] = field(default_factory=dict)
    value: str | None = None  # of the last bare expression
    error: ev.Error | None = None
    advice: list[ev.Advice] = field(default_factory=list)
    died: str | None = None
    whole: OutputFile | None = None  # everything that it printed, where that is much
    step: ev.Step | None = None  # where a cell that is stepped through stands, while it does
    run: CellRun | None = None  # the training run of a cell that starts one
    full: bool = False  # the learner wants to see what is shortened: the column, a library's frames

    @property
    def printed(self) -> list[tuple[str, str]]:
        """The lines of its output, each with its kind; in full, a traceback is one with the library's frames.

        What its error and its advice mean is laid beside them, and is no line of these: it follows the language. Where
        there is nothing but advice, a line of the kind "told" keeps its place.
        """
        lines = self.output.lines
        if not lines and self.advice:
            return [("told", "")]
        if not self.full or self.error is None or self.error.whole is None:
            return lines
        traceback = [("trace", safe(line)) for line in self.error.whole.split("\n")]
        at = next((number for number, (kind, _) in enumerate(lines) if kind == "trace"), len(lines))
        return lines[:at] + traceback + [line for line in lines[at:] if line[0] != "trace"]

    def has(self, panel: str) -> bool:
        """Whether it has something for that panel."""
        return bool(
            {
                "output": self.output.lines or self.advice,
                "tensors": self.cards,
                "graph": self.graphs or self.ungraphed,
                "plot": self.series or (self.run is not None and self.run.status != "refused"),
                "modules": self.trees,
            }[panel]
        )

    def begin(self, number: int, now: float) -> None:
        """A run starts: everything of the last one is gone."""
        fresh = Record(state="running", number=number, began=now, full=self.full)
        self.__dict__.update(fresh.__dict__)

    def apply(self, events: Iterable[ev.AnyEvent]) -> set[str]:
        """Take events in; says which panels have changed: "cell", "output", and others by their names."""
        touched: set[str] = set()
        for event in events:
            match event:
                case ev.Stdout() | ev.Stderr():
                    self.output.drop(event.dropped, event.dropped_lines)
                    self.output.write("out" if isinstance(event, ev.Stdout) else "err", event.text)
                    touched |= {"cell", "output"}
                case ev.Value(text=text):
                    self.value = text
                    self.output.block("value", text)
                    touched |= {"cell", "output"}
                case ev.Line(line_cell=int() as other) if other != event.cell:
                    self.elsewhere[(other, event.line)] = event
                    touched.add("elsewhere")
                case ev.Line():
                    self.lines[event.line] = event
                    touched.add("cell")
                case ev.Tensors(items=items):
                    self._cards(items)
                    touched.add("tensors")
                case ev.Graph(root=root):
                    self.graphs.pop(root, None)
                    self.graphs[root] = event
                    touched.add("graph")
                case ev.Modules(name=name, line=line, layers=layers):
                    key = f"{name} {line}" if name == layers[0].kind else name  # of several without a name, each
                    self.trees.pop(key, None)
                    self.trees[key] = event
                    touched.add("modules")
                case ev.NoGraph():
                    self.ungraphed.append(event)
                    touched.add("graph")
                case ev.Film():
                    self.films.append(event)
                    touched.add("graph")
                case ev.Metric(name=name, step=step, value=value):
                    self.series.setdefault(name, Series()).add(step, float(value))
                    touched.add("plot")
                case ev.Step():
                    self.step, self.state = event, "standing"
                    touched.add("cell")
                case ev.Advice():
                    self.advice.append(event)
                    touched |= {"cell", "output"}
                case ev.Error():
                    self.error = event
                    self.output.block("trace", event.traceback or f"{event.kind}: {event.message}")
                    touched |= {"cell", "output"}
                case ev.Done():
                    self.output.finish()
                    self.seconds = event.seconds
                    self.died = event.died
                    self.state = (
                        "died"
                        if event.died
                        else "interrupted"
                        if event.interrupted
                        else "ran"
                        if event.ok
                        else "failed"
                    )
                    touched |= {"cell", "output", "tensors", "graph", "plot", "modules"}
        return touched

    def _cards(self, items: list[ev.Tensor]) -> None:
        for item in items:
            key = (item.name, item.line)
            before = self.cards.get(key)
            if item.grad is not None and (before is None or before.grad != item.grad):
                self.fresh_grads.add(item.name)
            self.cards[key] = item
