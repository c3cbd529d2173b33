"""What was made on two machines becomes one: whoever imports from whom, in whatever order, all end with the same."""

from __future__ import annotations

import math
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ptlearn_tui.course import made
from ptlearn_tui.course.made import AddedCell, CellOutput, Edit, Made, PageRead, Remark, Tick
from ptlearn_tui.course.merge import KINDS, Count, Summary, collect, merge
from ptlearn_tui.course.progress import FILE, Progress
from ptlearn_tui.errors import RequestError

if TYPE_CHECKING:
    from collections.abc import Iterator

NOW = 100.0
PAGE = "autograd/scalar"


class Machine:
    """A store whose clock stands where a test puts it."""

    def __init__(self, folder: Path) -> None:
        self.moment = NOW
        self.store = Progress(folder / FILE, clock=lambda: self.moment)

    def do(self, moment: float, what: str, *values: Any) -> Machine:
        """Something that a learner does at that moment, by the store's own methods."""
        self.moment = moment
        match what, values:
            case "tick", (item, done):
                self.store.tick(item, done=done)
            case "attempt", (what_for, given_, ok):
                self.store.attempt(what_for, given_, ok=ok)
            case (("edit_scratch" | "forget_scratch"), (page, which, *source)):
                added = self.store.scratch(page)
                if added:
                    getattr(self.store, what)(added[which % len(added)].id, *source)
            case _:
                getattr(self.store, what)(*values)
        return self

    def take_in(self, other: Machine | Made, now: float = NOW) -> Summary:
        """Import."""
        return merge(self.store, other.made if isinstance(other, Machine) else other, now)

    @property
    def made(self) -> Made:
        """What an export would write, and what is read of that."""
        return made.decode(made.encode(collect(self.store)), "a file")

    @property
    def texts(self) -> set[str]:
        """All of the learner's own writing that is here."""
        everything = self.made
        found = {each.source for each in [*everything.edits, *everything.cells]}
        return {text for text in found | {each.text for each in everything.remarks} if text}


@pytest.fixture
def machines(tmp_path: Path) -> Iterator[tuple[Machine, Machine]]:
    with ExitStack() as stack:
        both = []
        for name in ("laptop", "box"):
            (tmp_path / name).mkdir()
            both.append(Machine(tmp_path / name))
            stack.enter_context(both[-1].store)
        yield both[0], both[1]


def nothing(summary: Summary) -> bool:
    return summary == Summary({name: Count(0, 0) for name in KINDS}, 0)


# ---- the rules, for anything that learners may do ------------------------------------------------------------------

# Few names and few moments, so that everything meets, and often at one and the same moment.
names = st.sampled_from(["data/first", "一/二", "of a later version"])
cells = st.integers(0, 1)
texts = st.sampled_from(["", "a", "b", "print('你好')\n"])
actions = st.one_of(
    st.tuples(st.just("tick"), names, st.booleans()),
    st.tuples(st.just("read"), names),
    st.tuples(st.just("attempt"), names, texts, st.booleans()),
    st.tuples(st.just("edit"), names, cells, texts),
    st.tuples(st.just("forget_edit"), names, cells),
    st.tuples(st.just("keep_remark"), names, texts),
    st.tuples(st.just("keep_output"), names, cells, texts, texts),
    st.tuples(st.just("add_scratch"), names, st.sampled_from([0.5, 1.5]), texts),
    st.tuples(st.just("edit_scratch"), names, cells, texts),
    st.tuples(st.just("forget_scratch"), names, cells),
)
days = st.lists(st.tuples(st.integers(1, 4), actions), max_size=12)


class Lab:
    """Machines that began as copies of one, and went their own ways."""

    def __init__(self, stack: ExitStack, common: list[Any]) -> None:
        self._stack = stack
        self._common: Made | None = None
        self._common = self.machine(common).made

    def machine(self, day: list[Any], *others: Made) -> Machine:
        machine = Machine(Path(self._stack.enter_context(tempfile.TemporaryDirectory())))
        self._stack.enter_context(machine.store)
        for each in (self._common, *others):
            if each is not None:
                machine.take_in(each)
        for moment, (what, *values) in day:
            machine.do(float(moment), what, *values)
        return machine


@settings(max_examples=40, deadline=None)
@given(common=days, one=days, other=days)
def test_both_ways_end_with_the_same_and_nothing_is_lost(common: list[Any], one: list[Any], other: list[Any]) -> None:
    with ExitStack() as stack:
        lab = Lab(stack, common)
        a, b = lab.machine(one), lab.machine(other)
        before_a, before_b, written = a.made, b.made, a.texts
        a.take_in(before_b)
        b.take_in(before_a)
        assert a.made == b.made
        assert written <= a.texts | {each.text for each in a.store.replaced()}
        assert len(set(a.store.replaced())) == len(a.store.replaced())


@settings(max_examples=40, deadline=None)
@given(common=days, one=days, other=days)
def test_the_same_file_changes_nothing_the_second_time(common: list[Any], one: list[Any], other: list[Any]) -> None:
    with ExitStack() as stack:
        lab = Lab(stack, common)
        a, b = lab.machine(one), lab.machine(other)
        assert nothing(a.take_in(a))
        file = b.made
        a.take_in(file)
        after, kept = a.made, a.store.replaced()
        assert not any(count.came_in for count in a.take_in(file).counts.values())
        assert (a.made, a.store.replaced()) == (after, kept)
        assert nothing(a.take_in(a))


@settings(max_examples=30, deadline=None)
@given(common=days, one=days, other=days, third=days)
def test_the_order_of_imports_does_not_matter(
    common: list[Any], one: list[Any], other: list[Any], third: list[Any]
) -> None:
    with ExitStack() as stack:
        lab = Lab(stack, common)
        a, b, c = (lab.machine(day).made for day in (one, other, third))
        ab, bc = lab.machine([], a, b).made, lab.machine([], b, c).made
        ends = [lab.machine([], *files).made for files in [(a, b, c), (c, b, a), (b, c, a), (ab, c), (a, bc)]]
        assert all(end == ends[0] for end in ends)


@settings(max_examples=40, deadline=None)
@given(common=days, day=days)
def test_a_new_machine_gets_all_of_it(common: list[Any], day: list[Any]) -> None:
    with ExitStack() as stack:
        a = Lab(stack, common).machine(day)
        b = Lab(stack, []).machine([], a.made)
        assert b.made == a.made
        assert (b.store.ticked(), b.store.pages_read()) == (a.store.ticked(), a.store.pages_read())
        assert b.store.remarks() == a.store.remarks()
        for page in ("data/first", "一/二", "of a later version"):
            assert b.store.edits(page) == a.store.edits(page)
            assert b.store.outputs(page) == a.store.outputs(page)
            both = ([(cell.place, cell.source) for cell in each.store.scratch(page)] for each in (a, b))
            assert sorted(next(both)) == sorted(next(both))


# ---- each kind -----------------------------------------------------------------------------------------------------


def test_the_later_tick_wins_and_the_first_reading_stays(machines: tuple[Machine, Machine]) -> None:
    laptop, box = machines
    laptop.do(1, "tick", "data", True).do(3, "tick", "networks", True).do(5, "read", PAGE)
    box.do(2, "tick", "data", False).do(2, "tick", "networks", False).do(4, "read", PAGE).do(6, "read", "later/page")
    done = laptop.take_in(box)
    assert done.counts["ticks"] == Count(came_in=1, newer_here=1)
    assert done.counts["pages"] == Count(came_in=2, newer_here=0)
    assert laptop.store.ticked() == {"networks"}
    assert laptop.made.pages == [PageRead(PAGE, 4), PageRead("later/page", 6)]


def test_a_newer_edit_replaces_an_older_one_that_is_kept(machines: tuple[Machine, Machine]) -> None:
    laptop, box = machines
    laptop.do(1, "edit", PAGE, 0, "older").do(3, "edit", PAGE, 1, "newer").do(1, "edit", PAGE, 2, "equal")
    box.do(2, "edit", PAGE, 0, "newer").do(2, "edit", PAGE, 1, "older").do(2, "edit", PAGE, 2, "equal")
    done = laptop.take_in(box)
    assert (done.counts["edits"], done.replaced) == (Count(came_in=2, newer_here=1), 1)
    assert laptop.store.edits(PAGE) == {0: "newer", 1: "newer", 2: "equal"}
    assert laptop.store.replaced() == [("edit", PAGE, "0", "older", 1.0, NOW)]


def test_an_edit_that_was_taken_back_later_wins_and_what_it_was_is_kept(machines: tuple[Machine, Machine]) -> None:
    laptop, box = machines
    laptop.do(1, "edit", PAGE, 0, "mine")
    box.take_in(laptop)
    box.do(2, "forget_edit", PAGE, 0)
    assert box.take_in(laptop).counts["edits"] == Count(0, 1)
    assert laptop.take_in(box).replaced == 1
    assert laptop.store.edits(PAGE) == box.store.edits(PAGE) == {}
    assert [each.text for each in laptop.store.replaced()] == ["mine"]
    laptop.do(3, "edit", PAGE, 0, "mine again")
    box.take_in(laptop)
    assert box.store.edits(PAGE) == {0: "mine again"}


def test_an_added_cell_is_the_same_one_everywhere(machines: tuple[Machine, Machine]) -> None:
    laptop, box = machines
    box.do(1, "add_scratch", PAGE, 2.5, "the box's own")
    laptop.do(1, "add_scratch", PAGE, 0.5, "x").do(1, "add_scratch", PAGE, 1.5, "y")
    box.take_in(laptop)
    box.do(2, "edit_scratch", PAGE, 0, "x, from the box")
    box.do(2, "forget_scratch", PAGE, 1)
    done = laptop.take_in(box)
    assert (done.counts["cells"], done.replaced) == (Count(3, 0), 2)
    assert [cell[1:] for cell in laptop.store.scratch(PAGE)] == [(0.5, "x, from the box"), (2.5, "the box's own")]
    kept = laptop.store.replaced()
    assert sorted((each.kind, each.page, each.text) for each in kept) == [("cell", PAGE, "x"), ("cell", PAGE, "y")]
    assert {each.cell for each in kept} < {each.uid for each in laptop.made.cells}


def test_a_cell_that_an_import_removes_under_an_open_page_can_still_be_written(
    machines: tuple[Machine, Machine],
) -> None:
    laptop, box = machines
    laptop.do(1, "add_scratch", PAGE, 0.5, "x")
    (cell,) = laptop.store.scratch(PAGE)
    box.take_in(laptop)
    box.do(2, "forget_scratch", PAGE, 0)
    laptop.take_in(box)
    assert laptop.store.scratch(PAGE) == []
    laptop.moment = 3
    laptop.store.edit_scratch(cell.id, "still being written")
    assert laptop.store.scratch(PAGE) == [(cell.id, 0.5, "still being written")]
    box.take_in(laptop)
    assert [each.source for each in box.store.scratch(PAGE)] == ["still being written"]


def test_remarks_and_outputs_go_along(machines: tuple[Machine, Machine]) -> None:
    laptop, box = machines
    laptop.do(1, "keep_remark", PAGE, "a leaf?").do(1, "keep_output", PAGE, 0, "print(1)", "1\n")
    box.do(2, "keep_remark", PAGE, "no leaf").do(2, "keep_output", PAGE, 0, "print(2)", "2\n")
    assert laptop.take_in(box).replaced == 1  # an output can be had again: run the cell
    assert laptop.store.remark(PAGE) == "no leaf"
    assert laptop.store.outputs(PAGE) == {0: ("print(2)", "2\n", 2.0)}
    assert laptop.store.replaced() == [("remark", PAGE, "", "a leaf?", 1.0, NOW)]
    box.do(3, "keep_remark", PAGE, "")
    laptop.take_in(box)
    assert laptop.store.remarks() == {}


def test_choices_of_this_machine_stay_here(machines: tuple[Machine, Machine]) -> None:
    laptop, _ = machines
    for name in ("language", "place", "trusted 1234", f"run {PAGE} 1"):
        laptop.store.remember(name, "a choice")
    assert b"a choice" not in made.encode(collect(laptop.store))


def test_another_program_notices_an_import_and_not_one_that_changed_nothing(
    machines: tuple[Machine, Machine],
) -> None:
    laptop, box = machines
    box.do(1, "tick", "data", True)
    with Progress(laptop.store.path) as dashboard:
        first = dashboard.version()
        laptop.take_in(box)
        then = dashboard.version()
        laptop.take_in(box)
        assert (then != first, dashboard.version()) == (True, then)
        assert dashboard.ticked() == {"data"}


# ---- clocks ---------------------------------------------------------------------------------------------------------


def test_a_time_in_the_future_is_taken_for_now_and_does_not_win_again(machines: tuple[Machine, Machine]) -> None:
    laptop, box = machines  # the box's clock is a year ahead
    box.do(NOW + 3e7, "edit", PAGE, 0, "from a wrong clock").do(NOW + 3e7, "tick", "data", True)
    laptop.do(NOW - 1, "edit", PAGE, 0, "older")
    laptop.take_in(box)
    assert laptop.made.edits == [Edit(PAGE, 0, "from a wrong clock", NOW)]
    assert not any(count.came_in for count in laptop.take_in(box, NOW + 1).counts.values())
    laptop.do(NOW + 2, "edit", PAGE, 0, "written here since").do(NOW + 2, "tick", "data", False)
    done = laptop.take_in(box, NOW + 3)
    assert (done.counts["edits"], done.counts["ticks"], done.replaced) == (Count(0, 1), Count(0, 1), 0)
    assert not any(count.came_in for count in laptop.take_in(box, NOW + 6e7).counts.values()), "a year later"
    assert laptop.store.edits(PAGE) == {0: "written here since"}


def test_two_things_of_one_moment_end_the_same_on_both(machines: tuple[Machine, Machine]) -> None:
    laptop, box = machines
    laptop.do(1, "edit", PAGE, 0, "a").do(1, "edit", PAGE, 1, "a").do(1, "tick", "data", False)
    box.do(1, "edit", PAGE, 0, "b").do(1, "forget_edit", PAGE, 1).do(1, "tick", "data", True)
    file = laptop.made
    laptop.take_in(box)
    box.take_in(file)
    assert laptop.made == box.made
    assert laptop.store.edits(PAGE) == {0: "b", 1: "a"}, "a text before none"


# ---- the file ------------------------------------------------------------------------------------------------------

EVERYTHING = Made(
    ticks=[Tick("data", True, 1.1)],
    pages=[PageRead(PAGE, 1.1)],
    edits=[Edit(PAGE, 0, "你好\n\x00", 0.1 + 0.2), Edit(PAGE, 1, None, 2)],
    cells=[AddedCell("ab", PAGE, 0.5, "x", 1), AddedCell("cd", PAGE, 1 / 3, None, 2)],
    remarks=[Remark("no page of now", "**x**", 1), Remark(PAGE, None, 1)],
    outputs=[CellOutput(PAGE, 0, "print(1)", "1\n", 1)],
)


def test_all_that_a_file_can_hold_goes_through_a_store(machines: tuple[Machine, Machine]) -> None:
    laptop, _ = machines
    assert made.decode(made.encode(EVERYTHING), "a file") == EVERYTHING
    done = laptop.take_in(EVERYTHING)
    assert done == Summary({name: Count(len(getattr(EVERYTHING, name)), 0) for name in KINDS}, 0)
    for name in KINDS:
        assert sorted(getattr(laptop.made, name), key=repr) == sorted(getattr(EVERYTHING, name), key=repr)


def changed(path: str, value: Any) -> bytes:
    """The file with one thing in it that is otherwise: `edits.0.cell`."""
    *way, last = path.split(".")
    whole = place = msgspec.to_builtins(EVERYTHING)
    for step in way:
        place = place[int(step)] if step.isdigit() else place[step]
    place[last] = value
    return msgspec.json.encode(whole)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "truncated"),
        (b"no JSON", "malformed"),
        (b"\xff\xfe{\x00}\x00", "malformed"),
        (b"[" * 100_000, "got `array`"),
        (b'{"more":' + b"[" * 100_000, "recursion"),
        (b"[]", "got `array`"),
        (b"{}", '"format": "ptlearn-progress"'),
        (b'{"format": "another"}', '"format": "ptlearn-progress"'),
        (b'{"format": "ptlearn-progress", "version": 99, "ticks": "other"}', "newer"),
        (b'{"format": "ptlearn-progress", "version": 0}', "$.version"),
        (b'{"format": "ptlearn-progress", "version": "1"}', "$.version"),
        (made.encode(EVERYTHING)[:-20], "truncated"),
        (made.encode(EVERYTHING).replace(b"1.1", b"NaN"), "malformed"),
        (made.encode(EVERYTHING).replace(b"1.1", b"1e999"), "out of range"),
        (made.encode(EVERYTHING).replace(b"data", b"\xff\xff"), "utf-8"),
        (made.encode(EVERYTHING).replace(b"data", b"\\ud800"), "malformed"),
        (changed("more", []), "`more`"),
        (changed("ticks.0.done", 1), "$.ticks[0].done"),
        (changed("ticks.0.changed", -1), "$.ticks[0].changed"),
        (changed("ticks.0.changed", math.nan), "$.ticks[0].changed"),
        (changed("ticks.0.changed", "now"), "$.ticks[0].changed"),
        (changed("edits.0.cell", -1), "$.edits[0].cell"),
        (changed("edits.0.cell", 10**15), "$.edits[0].cell"),
        (changed("edits.0.source", 7), "$.edits[0].source"),
        (changed("cells.0.uid", ""), "$.cells[0].uid"),
        (changed("cells.0.place", None), "$.cells[0].place"),
        (changed("outputs.0.text", None), "$.outputs[0].text"),
        (changed("remarks", {}), "$.remarks"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_file_that_is_none_is_one_line(content: bytes, says: str) -> None:
    with pytest.raises(RequestError) as caught:
        made.decode(content, "notes.json")
    assert "notes.json" in str(caught.value)
    assert says in str(caught.value)
    assert len(str(caught.value).splitlines()) == 1
