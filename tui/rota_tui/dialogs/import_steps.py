"""The steps of an import: choose from what was found, see exactly what would happen, and what came of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual import getters
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.widgets import Label, Static

from rota.migrate import told
from rota_tui.dialogs.step import Step
from rota_tui.pieces import Piece, Tone, clean, clean_block
from rota_tui.widgets.found_table import FoundTable, short
from rota_tui.widgets.tones import stacked, to_content
from rota_tui.wording import joined

if TYPE_CHECKING:
    from textual.app import ComposeResult

    from rota.migrate.apply import Report
    from rota.migrate.plan import Plan
    from rota.migrate.takeback import Undone
    from rota_tui.pieces import Line, Locale


class FoundStep(Step):
    """What was found. Gives the plan with what was left out, or None to see it in full first."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("space", "choose", "Choose", show=False),
        Binding("a", "choose_all", "All or none", show=False),
        Binding("w", "rewrite", "Rewrite files", show=False),
        Binding("t", "tighten", "Close files to others", show=False),
    ]

    table = getters.query_one(FoundTable)
    about = getters.query_one("#about", Static)
    summary = getters.query_one("#summary", Static)

    def __init__(self, locale: Locale, undoable: bool) -> None:
        super().__init__()
        self._locale = locale
        self.undoable = undoable
        """Whether there is an import that can be taken back."""
        self._plan: Plan | None = None
        self._checking = True
        self._left_out: frozenset[str] = frozenset()
        self.rewrite = False
        """Whether other tools' own files are brought up to date too."""
        self.tighten = False
        """Whether files that others can read are closed."""

    @property
    def title(self) -> str:
        return "What other tools have on this machine"

    @property
    def keys(self) -> str:
        undo = "z undo   " if self.undoable else ""
        if self._plan is None or self._plan.empty:
            return f"{undo}esc close"
        choose = "space choose   a all   " if self.table.wanted else ""
        return f"enter import   {choose}d in full   {undo}esc close"

    @property
    def plan(self) -> Plan | None:
        """What would be done; None until it is known."""
        if self._plan is None or self._checking:
            return None
        return self._plan.without(self._left_out)

    def compose(self) -> ComposeResult:
        yield FoundTable(self._locale.glyphs)
        yield Static(id="about")
        yield Static(id="summary")

    def on_mount(self) -> None:
        self.table.focus()
        self._say()

    def take(self, plan: Plan, *, checking: bool) -> None:
        """Show a plan; `checking` says that the providers are still being asked."""
        self._plan, self._checking = plan, checking
        self.table.take(plan, self._left_out)
        self._say()
        self.post_message(self.KeysChanged(self))

    def show_again(self) -> None:
        """Take the focus back."""
        self.table.focus()

    def _say(self) -> None:
        empty = self._plan is not None and self._plan.empty
        self.table.display = not empty
        self.about.set_class(empty, "-empty")
        self.summary.display = not empty
        if self._plan is not None and empty:
            self.about.update(stacked((Piece(line),) for line in told.nothing(self._plan)))
        else:
            self.about.update(to_content(self.table.about(self.table.cursor_key)))
        self.summary.update(to_content(self._summary()))

    def _summary(self) -> Line:
        plan = self._plan
        if plan is None:
            return (Piece("Looking at what other tools have", Tone.QUIET),)
        if plan.empty:
            return ()
        coming = len(self.table.wanted - self._left_out)
        parts = [Piece(f"{coming} of {len(plan.items)} come in", Tone.OK if coming else Tone.QUIET)]
        if changed := sum(change.differs for change in plan.settings):
            parts.append(Piece(f"{changed} setting{'s' if changed > 1 else ''}"))
        if edits := [edit for edit in plan.edits if edit.refused is None]:
            parts.append(Piece(f"w rewrites {len(edits)} of their files: {'yes' if self.rewrite else 'no'}"))
        if plan.exposed:
            parts.append(
                Piece(f"{len(plan.exposed)} readable by others, t closes: {'yes' if self.tighten else 'no'}")
            )
        if self._checking:
            parts.append(Piece("asking the providers", Tone.ACTIVE))
        return joined(parts, self._locale)

    def on_line_table_highlighted(self) -> None:
        self._say()

    def on_line_table_selected(self) -> None:
        if self.plan is not None:
            self.answer(self.plan)

    def action_choose(self) -> None:
        if (key := self.table.cursor_key) in self.table.wanted and key is not None:
            self._leave_out(self._left_out ^ {key})

    def action_choose_all(self) -> None:
        self._leave_out(frozenset() if self._left_out else self.table.wanted)

    def _leave_out(self, keys: frozenset[str]) -> None:
        self._left_out = keys
        if self._plan is not None:
            self.table.take(self._plan, keys)
            self._say()

    def action_rewrite(self) -> None:
        self.rewrite = not self.rewrite and self._plan is not None and bool(self._plan.edits)
        self._say()

    def action_tighten(self) -> None:
        self.tighten = not self.tighten and self._plan is not None and bool(self._plan.exposed)
        self._say()


class InFullStep(Step):
    """Exactly what would happen, the changes to other tools' files as patches; no secret is in it."""

    def __init__(self, plan: Plan, *, rewrite: bool, tighten: bool) -> None:
        super().__init__()
        rewritten = "is rewritten" if rewrite else "stays as it is; w in the table has this done"
        closed = "they are closed" if tighten else "t in the table closes them"
        self._text = clean_block(told.text(plan, rewritten=rewritten, closed=closed))

    @property
    def title(self) -> str:
        return "What would happen; nothing has been written"

    @property
    def keys(self) -> str:
        return "esc back to the table"

    def compose(self) -> ComposeResult:
        with VerticalScroll():
            yield Static(stacked(_patched(line) for line in self._text.split("\n")))

    def on_mount(self) -> None:
        self.query_one(VerticalScroll).focus()


def _patched(line: str) -> Line:
    """A line of the plan, additions and removals in the colours of a patch."""
    text = short(line)
    match text.strip()[:1]:
        case "+":
            return (Piece(text, Tone.OK),)
        case "-":
            return (Piece(text, Tone.SPENT),)
        case "@":
            return (Piece(text, Tone.COOLING),)
    return (Piece(text, Tone.PLAIN if line and not line.startswith(" ") else Tone.QUIET),)


class ReportStep(Step, can_focus=True):
    """What an import, or taking one back, came to."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("enter", "done", "Done", show=False)]

    def __init__(self, title: str, lines: list[str], *, undoable: bool) -> None:
        super().__init__()
        self._title = title
        self._lines = lines
        self.undoable = undoable

    @property
    def title(self) -> str:
        return self._title

    @property
    def keys(self) -> str:
        return "enter done   z take it back" if self.undoable else "enter done"

    def compose(self) -> ComposeResult:
        for line in self._lines:
            yield Label(short(clean(line)), markup=False, classes="dialog-text")

    def on_mount(self) -> None:
        self.focus()

    def action_done(self) -> None:
        self.answer(None)


def reported(report: Report) -> ReportStep:
    """What an import did."""
    done = (("Added", report.added), ("Renewed", report.renewed), ("Set", report.settings), ("Rewrote", report.files))
    lines = [f"{title} {', '.join(names)}." for title, names in done if names] or ["There was nothing new."]
    if report.same:
        lines.append(f"{report.same} were here already.")
    title = "Imported" if report.import_id is not None else "Nothing was imported"
    return ReportStep(title, [*lines, *report.notes], undoable=report.import_id is not None)


def taken_back(undone: Undone) -> ReportStep:
    """What an undo did."""
    removed = f"Removed {', '.join(undone.removed)}." if undone.removed else "No account had to go."
    return ReportStep("The import was taken back", [removed, *undone.notes], undoable=False)
