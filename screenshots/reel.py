"""A film as files: an asciinema cast, and an SVG that moves by itself where a page shows it."""

from __future__ import annotations

import json
from html import escape
from typing import TYPE_CHECKING

from rich.cells import cell_len
from rich.console import Console

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rich.color import Color
    from rich.style import Style

    from screenshots.film import Frame, Row, Run

CELL, LINE, FONT = 9.6, 20, 16
"""Width of a cell, height of a line and size of the letters, in the SVG's units."""
EDGE = 12


def cast(frames: Sequence[Frame], length: float, size: tuple[int, int]) -> str:
    """An asciinema recording, version 2: only the lines that changed are written again."""
    width, height = size
    console = Console(force_terminal=True, color_system="truecolor", width=width, legacy_windows=False)
    lines = [json.dumps({"version": 2, "width": width, "height": height, "title": "rota"})]
    before: tuple[Row, ...] = ()
    for frame in frames:
        changed = [
            f"\x1b[{y + 1};1H" + "".join(_ansi(run, console) for run in row)
            for y, row in enumerate(frame.rows)
            if y >= len(before) or before[y] != row
        ]
        start = "" if before else "\x1b[?25l\x1b[2J"
        lines.append(json.dumps([frame.at, "o", start + "".join(changed)], ensure_ascii=False))
        before = frame.rows
    lines.append(json.dumps([round(length, 3), "o", ""]))
    return "\n".join(lines) + "\n"


def moving_picture(frames: Sequence[Frame], length: float, size: tuple[int, int]) -> str:
    """One SVG of all frames: each line is drawn once for as long as it stands, and shown for that time by CSS."""
    width, height = size[0] * CELL + 2 * EDGE, size[1] * LINE + 2 * EDGE
    looks = _Looks()
    spans: dict[tuple[float, float], str] = {}
    drawn = []
    for begin, end, y, row in _lines(frames, length):
        name = spans.setdefault((begin, end), f"t{len(spans)}")
        drawn.append(f'<g class="{"l" if begin else "l first"} {name}">{"".join(_draw(row, y, looks))}</g>')
    moves = "".join(_move(name, begin, end, length) for (begin, end), name in spans.items())
    background = looks.background(frames[0].rows)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height:g}" role="img" '
        f'aria-label="rota at work">\n<style>\n'
        f"text{{font:{FONT}px 'Fira Code',Menlo,Consolas,'DejaVu Sans Mono',monospace;white-space:pre}}\n"
        f".l{{visibility:hidden;animation-duration:{length:g}s;animation-iteration-count:infinite;"
        f"animation-timing-function:step-end}}\n.first{{visibility:visible}}\n{looks.css()}\n{moves}"
        f"@media (prefers-reduced-motion:reduce){{.l{{animation:none}}}}\n</style>\n"
        f'<rect width="100%" height="100%" rx="8" fill="{background}"/>\n' + "\n".join(drawn) + "\n</svg>\n"
    )


def _lines(frames: Sequence[Frame], length: float) -> Iterator[tuple[float, float, int, Row]]:
    """Each line with the time it stands: from, to, which, what."""
    ends = [*(frame.at for frame in frames[1:]), length]
    for y in range(len(frames[0].rows)):
        begin = 0.0
        for frame, following, end in zip(frames, [*frames[1:], None], ends, strict=True):
            if following is None or following.rows[y] != frame.rows[y]:
                if any(run.text.strip() or _back(run.style) for run in frame.rows[y]):
                    yield begin, end, y, frame.rows[y]
                begin = end


def _move(name: str, begin: float, end: float, length: float) -> str:
    """Keyframes that show a line from `begin` to `end`."""
    if (begin, end) == (0.0, length):
        return ""
    first, last = 100 * begin / length, 100 * end / length
    before = "0%{visibility:hidden}" if begin else ""
    after = f"{last:.3f}%,to{{visibility:hidden}}" if end < length else ""
    return f".{name}{{animation-name:{name}}}@keyframes {name}{{{before}{first:.3f}%{{visibility:visible}}{after}}}\n"


def _draw(row: Row, y: int, looks: _Looks) -> Iterator[str]:
    x = 0
    top = EDGE + y * LINE
    for run in row:
        cells = cell_len(run.text)
        left = EDGE + x * CELL
        if back := _back(run.style):
            wide = f'width="{cells * CELL:g}" height="{LINE}"'
            yield f'<rect class="{looks.fill(back)}" x="{left:g}" y="{top}" {wide}/>'
        if text := run.text.rstrip():
            begin = len(text) - len(text.lstrip())
            text = text.lstrip()
            yield (
                f'<text class="{looks.of(run.style)}" x="{left + begin * CELL:g}" y="{top + FONT - 1}" '
                f'textLength="{cell_len(text) * CELL:g}">{escape(text)}</text>'
            )
        x += cells


class _Looks:
    """The classes of the SVG: one for each look that occurs."""

    def __init__(self) -> None:
        self._rules: dict[str, str] = {}

    def of(self, style: Style | None) -> str:
        front = _hex(style.bgcolor if style.reverse else style.color) if style is not None else None
        rule = f"fill:{front or '#c5c8c6'}"
        if style is not None:
            rule += ";font-weight:bold" * bool(style.bold) + ";font-style:italic" * bool(style.italic)
            rule += ";text-decoration:underline" * bool(style.underline) + ";opacity:.6" * bool(style.dim)
        return self._rules.setdefault(rule, f"r{len(self._rules)}")

    def fill(self, color: str) -> str:
        return self._rules.setdefault(f"fill:{color}", f"r{len(self._rules)}")

    def css(self) -> str:
        return "\n".join(f".{name}{{{rule}}}" for rule, name in self._rules.items())

    def background(self, rows: Sequence[Row]) -> str:
        """What is behind most cells."""
        cells: dict[str, int] = {}
        for row in rows:
            for run in row:
                if back := _back(run.style):
                    cells[back] = cells.get(back, 0) + len(run.text)
        return max(cells, key=lambda color: cells[color], default="#11141a")


def _ansi(run: Run, console: Console) -> str:
    return run.style.render(run.text, color_system=console._color_system) if run.style is not None else run.text


def _back(style: Style | None) -> str | None:
    return _hex(style.color if style.reverse else style.bgcolor) if style is not None else None


def _hex(color: Color | None) -> str | None:
    return None if color is None or color.is_default else color.get_truecolor().hex
