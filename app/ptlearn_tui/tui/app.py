"""The dashboard: what every screen shares (progress, plan, language, the warm server) and how one leads to another."""

from __future__ import annotations

import asyncio
import gc
import signal
import sqlite3
import time
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from rich.text import Text
from textual import events, on, work
from textual.app import SystemCommand
from textual.binding import Binding
from textual.command import CommandPalette
from textual.message import Message
from textual.reactive import reactive

from ptlearn_tui import locale
from ptlearn_tui.course.progress import Progress
from ptlearn_tui.errors import RequestError
from ptlearn_tui.faults import write_down
from ptlearn_tui.locale import t
from ptlearn_tui.tui import glyphs
from ptlearn_tui.tui.keys import KeyFolder, described, from_input_method, shown_key
from ptlearn_tui.tui.open_lessons import OpenLessons
from ptlearn_tui.tui.screens.plan import PlanScreen
from ptlearn_tui.tui.theme import RICH, SIXTEEN, theme_for
from ptlearn_tui.tui.ways import Ways
from ptlearn_tui.tui.writer import Writer

if TYPE_CHECKING:
    from collections.abc import Iterable

    from textual.screen import Screen

    from ptlearn_tui.kernel.client import Server
    from ptlearn_tui.tui.opened import OpenedNotes

HERE = Path(__file__).parent
PATIENCE = 0.02  # seconds that a read may hold up the screen while another shell writes; the next look succeeds
THREADS = 32  # kernels, tails and looks at the disk wait in threads of their own


class Machine(Message):
    """What this machine has, found in a thread."""

    def __init__(self, devices: str, data: str) -> None:
        super().__init__()
        self.devices = devices
        self.data = data


class TorchLoaded(Message):
    """The server has imported torch, or could not."""

    def __init__(self, failure: str | None = None) -> None:
        super().__init__()
        self.failure = failure


class Dashboard(Ways):
    """The program in the terminal. It never imports torch: the server does, once the first screen is drawn."""

    TITLE = "ptlearn"
    ENABLE_COMMAND_PALETTE = True
    # The plan's too: Textual does not load a default screen's own.
    CSS_PATH: ClassVar = [HERE / "app.tcss", HERE / "screens" / "plan.tcss", HERE / "screens" / "notes.tcss"]
    BINDINGS: ClassVar = [
        Binding("L", "switch_language", "switch the language", show=False),
        Binding("slash", "search", "search all lessons", show=False),
        Binding("question_mark", "all_keys", "all keys", show=False),
        Binding("colon", "command_palette", "every action, by name", show=False),
        Binding("ctrl+l", "repaint", "repaint the screen", show=False),
        Binding("ctrl+q", "leave", "quit", show=False, priority=True),
        Binding("ctrl+c", "interrupt", "interrupt what runs", show=False, priority=True),
    ]

    revision: reactive[int] = reactive(0, init=False)  # grows when the progress store has changed
    devices: reactive[str] = reactive("", init=False)  # "8 × H200"
    torch_state: reactive[str] = reactive("loading", init=False)  # then "ready" or "failed"

    def __init__(
        self,
        *,
        language: str | None = None,
        run: str | None = None,
        data: str | None = None,
        ascii_only: bool = False,
        opened: OpenedNotes | None = None,
    ) -> None:
        super().__init__()
        self.register_theme(RICH)
        self.register_theme(SIXTEEN)
        self.theme = theme_for(self.console.color_system)
        self.set_reactive(Dashboard.language, language or locale.language())
        locale.use(self.language)
        glyphs.use_ascii(ascii_only)
        if ascii_only:
            self._filters.append(glyphs.AsciiFilter())
            self.add_class("-ascii")
        self.progress = Progress.open(patience=PATIENCE)
        self.writer = Writer(partial(self.say, severity="error"))
        self.data_folder = data
        self.found_data = ""
        self.torch_failure = ""
        self.started = time.monotonic()
        self._first_run = run
        self._opened = opened
        self._lessons = OpenLessons(self)
        self._folder = KeyFolder()
        self._seen_version = -1

    def get_default_screen(self) -> Screen[None]:
        """The plan; or the notes that were opened."""
        if self._opened is None:
            return PlanScreen(id="_default")
        from ptlearn_tui.tui.screens.notes import NotesScreen

        self.set_reactive(Dashboard.notes, self._opened.notes)
        return NotesScreen(self._opened, id="_default")

    @cached_property
    def server(self) -> Server:
        """The warm process behind all kernels; not thought of before the first screen is drawn."""
        from ptlearn_tui.kernel.client import Server

        return Server()

    # ---- start and end -----------------------------------------------------------------------------------------

    def on_mount(self) -> None:
        """Nothing that costs: the first screen comes first."""
        loop = asyncio.get_running_loop()
        loop.set_default_executor(ThreadPoolExecutor(THREADS, thread_name_prefix="dashboard"))
        for number in (signal.SIGHUP, signal.SIGTERM, signal.SIGINT):
            # Textual has no handler of its own: the terminal would stay as it is.
            loop.add_signal_handler(number, self.exit)
        self.call_after_refresh(self._warm_up)

    def _warm_up(self) -> None:
        """After the first paint (before it, this makes the first screen a third later)."""
        gc.freeze()  # what is there now stays: no collection has to walk it again
        gc.enable()
        self.load_torch()
        self.look_around()
        self.set_interval(1.0, self._look_for_changes)
        if self._first_run:
            self.open_run(self._first_run)

    @work(thread=True, group="server", exit_on_error=False, description="wait for torch")
    def load_torch(self) -> None:
        """Start the server and wait until it has imported torch."""
        from ptlearn_tui.kernel.client import KernelError

        try:
            self.server.start()
            self.server.wait()
        except KernelError as error:
            self.post_message(TorchLoaded(failure=str(error)))
        else:
            self.post_message(TorchLoaded())

    @work(thread=True, group="machine", exit_on_error=False, description="look at this machine")
    def look_around(self) -> None:
        """GPUs, through the driver's own library; MNIST, where torchvision would have it."""
        from ptlearn_tui.doctor import device_words
        from ptlearn_tui.training import datasets

        try:
            found = datasets.find("mnist", self.data_folder)
            data = t("{name}: {n} images", name="MNIST", n=found.train + found.test)
            if found.kind == "sample":
                data = t("a sample of MNIST ({n} images; the rest: ptlearn-tui data get mnist)", n=found.train)
        except RequestError as error:
            data = str(error)
        self.post_message(Machine(device_words(), data))

    @on(Machine)
    def _machine(self, message: Machine) -> None:
        self.found_data = message.data
        self.devices = message.devices

    @on(TorchLoaded)
    def _torch_loaded(self, message: TorchLoaded) -> None:
        self.torch_failure = message.failure or ""
        self.torch_state = "failed" if message.failure else "ready"

    def _look_for_changes(self) -> None:
        """Ticks made in another shell are noticed within a second or so."""
        try:
            version = self.progress.version()
        except sqlite3.Error:
            return  # somebody is writing; the next look will see it
        if version != self._seen_version:
            self._seen_version = version
            self.revision += 1

    def _fatal_error(self) -> None:
        """Textual would print pages of traceback; a user gets one line, and the place where the rest is."""
        if self._exception is not None and not self._exit_renderables:
            self._exit_renderables.append(Text(f"ptlearn-tui: {write_down(self._exception)}"))
        self._close_messages_no_wait()

    def on_unmount(self) -> None:
        """Kernels end with the dashboard; training runs go on."""
        if "server" in self.__dict__:
            self.server.close()
        self.writer.close()
        self.progress.close()

    # ---- keys --------------------------------------------------------------------------------------------------

    async def on_event(self, event: events.Event) -> None:
        """Keys are put right before they are looked up."""
        if not isinstance(event, events.Key) or event.is_forwarded:
            await super().on_event(event)
            return
        typing = self.focused is not None and self.focused.check_consume_key("a", "a")
        for key in self._folder.fold(event, typing=typing):
            if not typing and from_input_method(key):
                self.say("输入法在中文状态，按 Shift 切换")
            else:
                await super().on_event(key)

    # ---- actions -----------------------------------------------------------------------------------------------

    def watch_language(self, language: str) -> None:
        """Every screen that is open speaks it at once."""
        locale.use(language)

    def action_switch_language(self) -> None:
        """To the other one, and remembered."""
        self.language = "zh" if self.language == "en" else "en"
        self.writer.keep(
            partial(self.progress.remember, "language", self.language),
            lambda why: t("the language is not remembered: {why}", why=why),
        )

    def action_repaint(self) -> None:
        """After `wall` or the kernel's console has written over the screen."""
        self.refresh(repaint=True, layout=True)
        self.screen.refresh(repaint=True)

    def action_all_keys(self) -> None:
        """Every key of this screen."""
        from ptlearn_tui.tui.screens.keys import KeysScreen

        self.push_screen(KeysScreen(self.screen))

    def action_leave(self) -> None:
        """One level up everywhere; quit on the plan."""
        if len(self.screen_stack) > 1:
            self.pop_screen()
        else:
            self.exit()

    def action_interrupt(self) -> None:
        """Screens where something runs have their own; elsewhere nothing does."""
        interrupt = getattr(self.screen, "interrupt", None)
        if interrupt is None:
            self.say(t("nothing runs; q leaves"))
        else:
            interrupt()

    def action_command_palette(self) -> None:
        """In the language in use."""
        if not isinstance(self.screen, CommandPalette):
            self.push_screen(CommandPalette(placeholder=t("an action, by its name"), id="--command-palette"))

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        """The palette: every action of this screen by its name, with its key; nothing of Textual's own."""
        for description, bound in described(screen).items():
            run = partial(self.run_action, bound[0].binding.action, bound[0].node)
            yield SystemCommand(t(description), " ".join(shown_key(each.binding.key) for each in bound), run)
