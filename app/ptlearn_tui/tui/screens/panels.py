"""What the panels of a screen with cells do: open and close, point at lines, ask the kernel further, play the film."""

from __future__ import annotations

from typing import ClassVar

from textual import on, work
from textual.binding import Binding

from ptlearn_tui.locale import t
from ptlearn_tui.tui.screens.question import Question
from ptlearn_tui.tui.screens.running import RunningScreen
from ptlearn_tui.tui.widgets import graph_keys
from ptlearn_tui.tui.widgets.cell import CodeCell
from ptlearn_tui.tui.widgets.graph_panel import GraphBody
from ptlearn_tui.tui.widgets.panel import Panel
from ptlearn_tui.tui.widgets.side import Side
from ptlearn_tui.tui.widgets.tensor_panel import TensorBody


class PanelsScreen(RunningScreen):
    """Output, tensors, graph, plot and modules beside the cells."""

    BINDINGS: ClassVar = [
        Binding("1", "panel(1)", "Output", show=False),
        Binding("2", "panel(2)", "Tensors", show=False),
        Binding("3", "panel(3)", "Graph", show=False),
        Binding("4", "panel(4)", "Plot", show=False),
        Binding("5", "panel(5)", "Modules", show=False),
        Binding("i", "saved", "graph: look at what the node keeps", show=False),
        Binding("m", "mermaid", "graph: copy it as Mermaid", show=False),
    ]

    def action_panel(self, number: int) -> None:
        """Open, or close when it is open already."""
        self.side.toggle(number)
        self.show_hints()
        if isinstance(self.focused, CodeCell):  # the cell and the sheet explain each other
            self.call_after_refresh(self.text.keep_in_sight, self.focused.cell.index)

    @on(Side.Closed)
    def _panel_closed(self) -> None:
        self.focus_text()

    def focus_text(self) -> None:
        """The keys go from a panel back to the cell that it shows."""
        cells = self.text.cells
        shown = [cell for cell in cells if cell.cell.index == self.session.shown]
        self.set_focus(next(iter(shown or cells), None), scroll_visible=False)

    @on(GraphBody.Walked)
    def _walked(self, message: GraphBody.Walked) -> None:
        """The line that made the node is pointed at in its cell."""
        node, other = message.node, self.session.record_for("graph")[1]
        shown = self.session.shown if other is None else other
        cell = node.line_cell if isinstance(node.line_cell, int) else shown
        for widget in self.text.cells:
            widget.pointed = node.line if widget.cell.index == cell else None

    @on(Panel.Entered)
    def _panel_entered(self, message: Panel.Entered) -> None:
        if message.number == 3:
            self.action_show_line()

    @on(TensorBody.Asked)
    def _asked(self, message: TensorBody.Asked) -> None:
        self.look_closer(message)

    @work(thread=True, group="look", exit_on_error=False, description="look closer at a tensor")
    def look_closer(self, asked: TensorBody.Asked) -> None:
        """Ask the live kernel; a tensor of a billion values keeps it for seconds."""
        kernel = self.session.kernel
        card, why = None, "the kernel has ended"
        if kernel is not None:
            card, why = kernel.describe(asked.name, index=asked.index, exact=asked.exact)
        asked.body.post_message(TensorBody.Answered(asked.number, card, why))

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Some keys are the Graph panel's."""
        return action not in graph_keys.ACTIONS or graph_keys.focused_graph(self.focused) is not None

    def action_film(self) -> None:
        """Play or pause; where nothing is recorded, offer to run the cells again."""
        body = graph_keys.focused_graph(self.focused)
        if body is None or body.reel.play(body):
            return
        cells, why = graph_keys.to_record(self.session)
        if not cells:
            self.dashboard.say(why)
            return

        def answered(yes: bool | None) -> None:
            if yes:
                self.session.filming = {cells[-1]}
                self.queue(cells)

        self.app.push_screen(Question(graph_keys.question(cells), t("run and record")), answered)

    def cell_ended(self, index: int) -> None:
        """What was asked for is recorded: it plays."""
        super().cell_ended(index)
        if index in self.session.filming:
            self.session.filming.clear()
            self.call_after_refresh(self._recorded)

    def _recorded(self) -> None:
        body = self.side.panel(3).body
        if isinstance(body, GraphBody) and body.shown and not body.reel.playing and not body.reel.play(body):
            self.dashboard.say(t("no backward() was recorded"))

    def action_saved(self) -> None:
        """What the current node keeps for backward(), from the live kernel."""
        body = graph_keys.focused_graph(self.focused)
        if body is not None and body.node is not None and body.node.saved:
            self.look_at_saved(body)

    @work(thread=True, group="look", exit_on_error=False, description="look at what a node keeps")
    def look_at_saved(self, body: GraphBody) -> None:
        """Ask the live kernel."""
        node = body.node
        found = graph_keys.look(self.session.kernel, body)
        if node is not None:
            body.post_message(GraphBody.Looked(node, found))

    def action_mermaid(self) -> None:
        """To the clipboard of the terminal's machine, over SSH too (OSC 52)."""
        body = graph_keys.focused_graph(self.focused)
        text = graph_keys.as_mermaid(body) if body is not None else ""
        if text:
            self.app.copy_to_clipboard(text)
            self.dashboard.say(t("copied as Mermaid: {n} lines", n=text.count("\n")))

    @on(TensorBody.Turned)
    def _card_turned(self) -> None:
        self.show_hints()

    def action_show_line(self) -> None:
        """Bring the node's line into sight."""
        for widget in self.text.cells:
            if widget.pointed is not None:
                self.text.keep_in_sight(widget.cell.index)
