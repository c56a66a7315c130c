"""The papers people read: their generated tables, and the command lines and programs in them.

`python -m tests.support.papers` writes the tables anew, from the settings, schemas, sources and measurements
themselves.
"""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ROOT = Path(__file__).parents[2]
README = ROOT / "README.md"
RESULTS = ROOT / "tests" / "bench" / "RESULTS.md"
PAPERS = (
    README,
    ROOT / "ARCHITECTURE.md",
    ROOT / "SECURITY.md",
    ROOT / "CONTRIBUTING.md",
    *sorted((ROOT / "docs").glob("*.md")),
)

PLACES = ("Accounts", "Chat", "Activity", "Models", "Settings")
"""The app's screens, in their order."""

_KINDS = r"settings|puter\.json|sources|schemas|measured"
_TABLE = re.compile(rf"<!-- ({_KINDS})(?:: ([^>]*))? -->\n.*?<!-- end -->", re.DOTALL)
_FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
_SPAN = re.compile(r"(?<!`)`(rota(?: [^`]*)?)`(?!`)")


@dataclass(frozen=True, slots=True)
class Fence:
    """A block of code."""

    language: str
    text: str
    heading: str
    """The heading it stands under."""

    def commands(self) -> tuple[str, ...]:
        """The command lines of a console block, without their remarks."""
        lines = [line[2:] for line in self.text.splitlines() if line.startswith("$ ")]
        return tuple(re.sub(r"\s{2,}#.*", "", line).strip() for line in lines)


def fences(paper: Path, language: str) -> list[Fence]:
    """The blocks of one language, in order."""
    text = paper.read_text("utf-8")
    found = []
    for match in _FENCE.finditer(text):
        headings = re.findall(r"^#+ (.+)$", _FENCE.sub("", text[: match.start()]), re.MULTILINE)
        if match[1] == language:
            found.append(Fence(match[1], match[2], headings[-1] if headings else ""))
    return found


def spans(paper: Path) -> list[list[str]]:
    """The command lines of rota that stand in running text, as words."""
    text = _FENCE.sub("", paper.read_text("utf-8"))
    return [shlex.split(found.replace("…", "")) for found in _SPAN.findall(text)]


def refreshed(text: str) -> str:
    """A paper with its tables as they are to be."""
    return _TABLE.sub(lambda found: _table(found[1], found[2]), text)


def _table(name: str, said: str | None) -> str:
    head = f"<!-- {name}{f': {said}' if said else ''} -->"
    made: dict[str, Callable[[], Iterator[str]]] = {
        "settings": lambda: _settings(said),
        "puter.json": lambda: _puter_options(names_only=said == "names"),
        "sources": _sources,
        "schemas": _schemas,
        "measured": lambda: _measured((said or "").split("; ")),
    }
    return "\n".join((head, *made[name](), "<!-- end -->"))


def _settings(said: str | None) -> Iterator[str]:
    """The named settings, or all of a section, or all in sections."""
    from rota.config import describe, section_help

    chosen = said.split() if said else None
    yield from ("| setting | default | |", "|---|---|---|") if chosen else ()
    section: str | None = None
    for setting in describe():
        if chosen is not None and setting.key not in chosen:
            continue
        if chosen is None and setting.section != section:
            section = setting.section
            title = f"`{section}`" if section else "At the top of the file"
            told = section_help(section) if section else ""
            yield from (
                "",
                f"## {title}",
                "",
                *((told, "") if told else ()),
                "| setting | default | |",
                "|---|---|---|",
            )
        again = " Taken up at the next start." if setting.restart else ""
        plain = setting.allowed in ("a text", "true or false")
        text = f"{setting.help}{'' if plain else f' Allowed: {setting.allowed}.'}{again}"
        yield f"| `{setting.key}` | {_code(setting.default)} | {_cell(text)} |"
    if chosen is None:
        yield ""


def _code(value: object) -> str:
    from rota.config import render

    text = render(value)
    if isinstance(value, str) and not value:
        return "(empty)"
    return f"`{_cell(text)}`" if len(text) <= 60 else f"`{_cell(text[:56])} …`"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _puter_options(*, names_only: bool) -> Iterator[str]:
    """What each option became, and why; or its name alone, two options a row."""
    from rota.migrate.puter_config import MAPPING

    named = [(option, ", ".join(f"`{name}`" for name in option.settings) or "—") for option in MAPPING]
    if not names_only:
        yield from ("| puter.json | rota | |", "|---|---|---|")
        yield from (f"| `{option.name}` | {name} | {option.why} |" for option, name in named)
        return
    yield from ("| puter.json | rota | puter.json | rota |", "|---|---|---|---|")
    half = (len(named) + 1) // 2
    for left, right in zip(named[:half], named[half:], strict=True):
        cells = (cell for option, name in (left, right) for cell in (f"`{option.name}`", name))
        yield f"| {' | '.join(cells)} |"


def _sources() -> Iterator[str]:
    from rota.migrate.survey import SOURCES

    yield from ("| `--from` | what |", "|---|---|")
    for source in SOURCES:
        yield f"| `{source.NAME}` | {source.TITLE} |"


def _schemas() -> Iterator[str]:
    from rota import schemas

    yield from ("| schema | what prints it |", "|---|---|")
    for name in schemas.names():
        printed = re.sub(r"rota [a-z -]+--json", r"`\g<0>`", schemas.read(name)["title"])
        yield f"| [{name}.json](../core/rota/schemas/{name}.json) | {printed} |"


def _measured(wanted: list[str]) -> Iterator[str]:
    """These rows of the last `make bench`."""
    cells = [line.strip("| ").split(" | ") for line in RESULTS.read_text("utf-8").splitlines() if " | " in line]
    figures = {row[0]: row[1] for row in cells}
    yield from ("| | |", "|---|---|")
    yield from (f"| {name} | {figures[name]} |" for name in wanted)


def shown_key(key: str) -> str:
    """A key as it is printed on keyboards."""
    from textual.keys import key_to_character

    from rota_tui.keymap import NAMES

    char = NAMES.get(key) or key_to_character(key)
    return char if char is not None and len(char) == 1 and char.isprintable() and char != " " else key


def main() -> None:
    """Write every table anew."""
    for paper in PAPERS:
        text = paper.read_text("utf-8")
        if (made := refreshed(text)) != text:
            paper.write_text(made, "utf-8")


if __name__ == "__main__":
    main()
