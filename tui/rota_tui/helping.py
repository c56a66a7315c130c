"""What help says of each place: what it is for, its keys with their meaning, and the marks that are drawn there."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any, NamedTuple

from textual.binding import Binding
from textual.widget import Widget

from rota_tui.keymap import commands

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from textual.app import App
    from textual.dom import DOMNode
    from textual.screen import Screen

    from rota_tui.keymap import Command
    from rota_tui.pieces import Glyphs

ABOUT: Mapping[str, str] = {
    "AccountsScreen": (
        "Who serves now, how much is left of each quota, when it comes back, and who is next. Moving the cursor "
        "changes nothing; a key does, and says what it did."
    ),
    "ChatScreen": (
        "Ask any model through any account, and see who answered, what it cost and why. Escape leaves the line, "
        "so that single keys work."
    ),
    "ActivityScreen": "Everything that happened, newest first: filter it, hold it still, and open a request's story.",
    "ModelsScreen": "Every model of every provider: what it costs, what it can, and who can serve it now.",
    "SettingsScreen": (
        "Every setting with what it means and may be. A change is checked, written into your settings file with your "
        "comments kept, and holds at once unless the line below says otherwise."
    ),
    "AddAccountDialog": "Adds an account: whose it is, how you sign in, and then the sign-in itself.",
    "ImportDialog": "Shows what other tools have on this machine, and takes over what you choose. It can be undone.",
    "RemoveDialog": "Forgets accounts; says what the provider keeps. Nothing happens before you say yes.",
    "ConfirmDialog": "A question before something that is not easily undone. Escape means no.",
    "CompareDialog": "Asks two to four models or accounts the same question, side by side.",
    "PickerDialog": "Type to narrow the rows, move with the arrows, Enter takes one.",
    "ThemeDialog": "The app wears the theme under the cursor; Escape gives it back its own.",
    "OrderedDialog": "The order in which models are tried. Nothing is written until Enter.",
    "NamedDialog": "Names of your own and what they stand for; each change is written at once.",
    "KeysDialog": "Every command with its key. Enter waits for another key; ctrl+r gives back the usual one.",
    "KeyDialog": "Press the key that the command shall have. Escape leaves it as it is.",
    "ValueDialog": "Type a value and press Enter. What does not fit is told, and what you typed stays.",
    "PromptDialog": "Type a line and press Enter; Escape leaves things as they are.",
    "AttachDialog": "A path to an image or a text that goes along with the question; the right arrow completes it.",
}
"""By the class of the screen or dialog, or one that it is made from."""


BETWEEN = {
    "app.focus_next": "To the next part of the screen",
    "app.focus_previous": "To the part before",
    "command_palette": "Every command by what it does",
}
"""What Textual's own keys mean here."""

SCROLLING = {
    "scroll_up": "Up",
    "scroll_down": "Down",
    "page_up": "Page up",
    "page_down": "Page down",
    "scroll_home": "First",
    "scroll_end": "Last",
    "scroll_left": "Left",
    "scroll_right": "Right",
    "page_left": "Page left",
    "page_right": "Page right",
}
"""What the keys of Textual's scrolling parts mean, told where there is more than is seen."""

SELECTING = {
    "cursor_up(True)": "Select up",
    "cursor_down(True)": "Select down",
    "cursor_left(True)": "Select to the left",
    "cursor_right(True)": "Select to the right",
    "cursor_word_left(True)": "Select a word to the left",
    "cursor_word_right(True)": "Select a word to the right",
    "cursor_line_start(True)": "Select to the line's start",
    "cursor_line_end(True)": "Select to the line's end",
}
"""What the keys of Textual's box of several lines mean."""


class Group(NamedTuple):
    """Keys that belong together, each with what it does."""

    title: str
    keys: tuple[tuple[str, str], ...]


def about(screen: Screen[Any]) -> str:
    """What a place is for."""
    return next((ABOUT[each.__name__] for each in type(screen).__mro__ if each.__name__ in ABOUT), "")


def groups(app: App[Any], screen: Screen[Any], title: str) -> tuple[Group, ...]:
    """The keys that work now, those of the place that do not work now, and those that work everywhere."""
    told: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    active: set[str] = set()
    declared: dict[str, int] = {}
    known = {name: place for place, name in enumerate(commands())}
    for node, binding, enabled, _ in screen.active_bindings.values():
        means = _meaning(node, binding)
        if binding.id is not None:
            active.add(binding.id)
        if binding.system or not means or not enabled or not type(node).__module__.startswith("rota_tui"):
            continue
        everywhere = node is app or binding.action in BETWEEN
        if binding.action == "screen.copy_text" or (node is app and not binding.id and binding.action not in BETWEEN):
            continue
        place = "Everywhere" if everywhere else "Here" if node is screen else "Where the cursor is"
        told[place][means].append(app.get_key_display(binding))
        # In the order in which they are declared: a key of one's own would come last.
        declared.setdefault(means, known.get(binding.id or "", -1))
    found = [
        _group(place, _in_order(told[place], declared))
        for place in ("Here", "Everywhere", "Where the cursor is")
        if told[place]
    ]
    waiting = [
        command
        for command in commands().values()
        if command.where == title and command.id not in {*active, "back"} and not command.shares
        if command.owner.__module__.startswith("rota_tui.screens.")
    ]
    if waiting:
        found.append(Group("Not now", tuple((_keys(app, c), c.about) for c in waiting)))
    return tuple(found)


def _meaning(node: DOMNode, binding: Binding) -> str:
    """What a key does, in rota's words; empty for one that has nothing to do."""
    if binding.action in SCROLLING:
        sideways = binding.action.endswith(("_left", "_right"))
        more = isinstance(node, Widget) and (node.max_scroll_x if sideways else node.max_scroll_y)
        return SCROLLING[binding.action] if more else ""
    ours = BETWEEN.get(binding.action) or SELECTING.get(binding.action)
    return ours or binding.tooltip or binding.description


def _in_order(told: Mapping[str, list[str]], declared: Mapping[str, int]) -> dict[str, list[str]]:
    return {means: told[means] for means in sorted(told, key=lambda means: declared[means])}


def _keys(app: App[Any], command: Command) -> str:
    """A command's keys as the line of keys shows them."""
    given = app._keymap.get(command.id)
    keys = given.split(",") if given else command.keys
    return " ".join(app.get_key_display(Binding(key, command.action)) for key in keys)


def _group(title: str, keys: Mapping[str, Iterable[str]]) -> Group:
    return Group(title, tuple((" ".join(dict.fromkeys(each)), means) for means, each in keys.items()))


def marks(screen: Screen[Any], glyphs: Glyphs) -> Group | None:
    """What is drawn rather than written, where the accounts are."""
    if not any(each.__name__ == "AccountsScreen" for each in type(screen).__mro__):
        return None
    return Group(
        "Marks",
        (
            (glyphs.active, "serves new sessions now"),
            (glyphs.next, "is next in line"),
            (glyphs.pinned, "pinned: only this one serves its provider"),
            (f"{glyphs.full * 2}{glyphs.half}{glyphs.empty * 2}", "how much of a quota is used"),
            (f"{glyphs.empty}{glyphs.tick_empty}{glyphs.empty}", "the tick: where rota moves on, before the limit"),
            (glyphs.unknown * 3, "not known; nothing is guessed"),
            ("?", "not known yet"),
            (glyphs.about, "a forecast at the present pace, not a fact"),
            (f"{glyphs.sep} 6m ago", "how old a figure is, once it is old"),
        ),
    )
