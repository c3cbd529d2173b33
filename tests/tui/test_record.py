"""What the screen keeps of a cell: output as a terminal would show it, cards, curves."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ptlearn_tui import events as ev
from ptlearn_tui.tui.record import Record
from ptlearn_tui.tui.transcript import LONGEST, MOST_CHARACTERS, MOST_LINES, Transcript, coloured


def written(*pieces: str, kind: str = "out") -> list[str]:
    transcript = Transcript()
    for piece in pieces:
        transcript.write(kind, piece)
    return [text for _, text in transcript.lines]


def test_pieces_of_a_line_are_joined() -> None:
    assert written("Epoch 1, ", "Loss: 0.5\nEpoch 2") == ["Epoch 1, Loss: 0.5", "Epoch 2"]


def test_blank_lines_are_lines() -> None:
    assert written("a\n\nb\n", "\n", "c") == ["a", "", "b", "", "c"]
    assert written("a", "\n", "b\n") == ["a", "b"]


def test_a_progress_bar_draws_in_place() -> None:
    assert written("  0%|", "\r 50%|##", "\r100%|####|\n", "done\n") == ["100%|####|", "done"]


def test_bars_one_below_the_other_draw_in_place() -> None:
    """As tqdm writes them: down to its line, from its begin on, up again."""
    outer, inner = "\repoch {0}/2", "\n\rstep {0}/3\x1b[A"
    pieces = [outer.format(1), *(inner.format(n) for n in (1, 2, 3)), outer.format(2), inner.format(1)]
    assert written(*pieces, kind="err") == ["epoch 2/2", "step 1/3"]
    assert written(*pieces, "\n\r        \r\x1b[A", "\ndone\n", kind="err") == ["epoch 2/2", "done    "]
    assert written("first\n", "\x1b[2Aabove\x1b[9A\rtop\n") == ["topstabove"]  # no higher than its own first line


@given(st.lists(st.text(st.sampled_from("ab\n\r\x1b[A1m中")), max_size=30))
def test_nothing_that_is_written_upsets_a_transcript(pieces: list[str]) -> None:
    transcript = Transcript()
    for number, piece in enumerate(pieces):
        transcript.write(("out", "err")[number % 2], piece)
        if number % 7 == 6:
            transcript.block("value", piece)
    assert all("\n" not in text and "\r" not in text for _, text in transcript.lines)
    assert not any("\x1b" in coloured(text).plain for _, text in transcript.lines)


def test_lines_that_never_came_are_counted_with_those_that_are_gone() -> None:
    record = Record()
    record.apply([ev.Stdout(cell=0, text="last\n", dropped=800, dropped_lines=100)])
    assert (record.output.left_out, record.output.dropped) == (100, 800)


def test_in_full_a_traceback_is_one_with_the_librarys_frames() -> None:
    record = Record()
    error = ev.Error(kind="E", message="m", line=1, traceback="short\nE: m", whole="short\nlong\nE: m", cell=0)
    record.apply([ev.Stdout(cell=0, text="before\n"), error, ev.Stderr(cell=0, text="late\n")])
    assert [text for _, text in record.printed] == ["before", "short", "E: m", "late"]
    record.full = True
    assert [text for _, text in record.printed] == ["before", "short", "long", "E: m", "late"]


def test_control_sequences_do_not_get_through() -> None:
    assert written("\x1b[2J\x1b[1;1Hred\x1bc\x1b]0;title\x07 [b]not markup[/b]\n") == ["red [b]not markup[/b]"]


def test_colours_are_kept_and_drawn() -> None:
    (line,) = written("\x1b[31mred\x1b[0m plain\n")
    content = coloured(line)
    assert content.plain == "red plain"
    assert [content.plain[span.start : span.end] for span in content.spans] == ["red"]


def test_an_escape_sequence_cut_in_two_is_one() -> None:
    assert written("a\x1b[", "2Jb\x1b", "[31mc\n") == ["ab\x1b[31mc"]


def test_the_two_streams_keep_their_own_lines() -> None:
    transcript = Transcript()
    transcript.write("out", "half ")
    transcript.write("err", "warning\n")
    transcript.write("out", "line\n")
    assert transcript.lines == [("out", "half line"), ("err", "warning")]


def test_output_is_bounded_and_says_so() -> None:
    transcript = Transcript()
    for number in range(MOST_LINES + 100):
        transcript.write("out", f"{number}\n")
    assert len(transcript.lines) == MOST_LINES
    assert transcript.left_out == 100
    assert transcript.lines[-1] == ("out", str(MOST_LINES + 99))


def test_a_line_of_megabytes_is_cut_and_says_how_much() -> None:
    first, second = written(*["x" * 1_000_000] * 3, "\nnext\n")
    assert first == "x" * LONGEST + " … 2 996 000 more characters"
    assert second == "next"


def test_many_long_lines_are_bounded_together() -> None:
    transcript = Transcript()
    for number in range(1_000):
        transcript.write("out", f"{number}" + "y" * 3_000 + "\n")
    assert sum(len(text) for _, text in transcript.lines) <= MOST_CHARACTERS
    assert transcript.left_out + len(transcript.lines) == 1_000
    transcript.block("trace", "z" * 10_000_000)
    assert transcript.lines[-1][1].endswith("more characters")


def test_a_name_bound_twice_has_two_cards_and_a_new_gradient_is_marked() -> None:
    def card(line: int, grad: ev.Grad | None = None) -> ev.Tensor:
        return ev.Tensor(
            name="x",
            line=line,
            shape=[2],
            dtype="float32",
            device="cpu",
            requires_grad=True,
            is_leaf=True,
            grad_fn=None,
            grad=grad,
            numel=2,
        )

    record = Record()
    record.apply([ev.Tensors(cell=0, line=1, items=[card(1)]), ev.Tensors(cell=0, line=2, items=[card(2)])])
    assert list(record.cards) == [("x", 1), ("x", 2)]
    assert not record.fresh_grads
    grad = ev.Grad(shape=[2], dtype="float32", values=[1.0, 1.0])
    record.apply([ev.Tensors(cell=0, line=3, items=[card(2, grad)])])
    assert list(record.cards) == [("x", 1), ("x", 2)]
    assert record.fresh_grads == {"x"}


def test_the_end_of_a_cell_is_one_of_five_words() -> None:
    def state(**fields: object) -> str:
        record = Record()
        record.begin(1, 0.0)
        record.apply([ev.Done(cell=0, seconds=0.1, **fields)])  # type: ignore[arg-type]
        return record.state

    assert state(ok=True) == "ran"
    assert state(ok=False) == "failed"
    assert state(ok=False, interrupted=True) == "interrupted"
    assert state(ok=False, died="signal 9 (SIGKILL)") == "died"
