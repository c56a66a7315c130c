"""How bash, zsh and fish complete, where click's own way does not reach.

bash cuts a word at each `:` and `@`, and click neither quotes nor knows of the cut. In zsh, click's script completes
nothing the second time it is called. For fish, click cuts what it offers at each comma.
"""

from __future__ import annotations

import os
import re

from click.shell_completion import (
    BashComplete,
    CompletionItem,
    FishComplete,
    ZshComplete,
    add_completion_class,
    split_arg_string,
)

# No mapfile: the bash of macOS has none. `-o nosort` came with 4.4.
SOURCE = """\
_rota_completion() {
    local value
    COMPREPLY=()
    while IFS= read -r value; do
        [[ -n $value ]] && COMPREPLY+=("$value")
    done < <(COMP_LINE="${COMP_LINE:0:COMP_POINT}" COMP_WORDBREAKS="$COMP_WORDBREAKS" \\
        _ROTA_COMPLETE=bash_complete "$1" 2>/dev/null)
}
complete -o nosort -F _rota_completion rota 2>/dev/null || complete -F _rota_completion rota
"""

PLAIN = re.compile(r"[^\w@%+=:,./~-]")


class Bash(BashComplete):
    """One answer to bash: a value a line, ready to be put in the place of the piece under the cursor."""

    source_template = SOURCE

    def get_completion_args(self) -> tuple[list[str], str]:
        words = split_arg_string(self._line)
        if not last_word(self._line):
            return words[1:], ""
        return words[1:-1], words[-1] if len(words) > 1 else ""

    def format_completion(self, item: CompletionItem) -> str:
        value = str(item.value)
        last = last_word(self._line)
        if last[:1] in ("'", '"'):
            return value  # within quotes everything stands for itself
        cut_at = os.environ.get("COMP_WORDBREAKS", "")
        # What follows a colon is a piece of its own; an @ begins one, as readline knows it from names of hosts.
        cuts = [at + (char != "@") for at, char in enumerate(last) if char in ":=@" and char in cut_at]
        kept = last[: cuts[-1]] if cuts else ""
        if not value.casefold().startswith(kept.casefold()):
            return ""  # only the piece after the cut would be replaced
        return PLAIN.sub(r"\\\g<0>", value[len(kept) :])

    @property
    def _line(self) -> str:
        """What was typed, up to the cursor."""
        return os.environ.get("COMP_LINE", "")


def last_word(line: str) -> str:
    """The piece under the cursor as it was typed, quotes and all; empty after a space."""
    began, quote, escaped = 0, "", False
    for at, char in enumerate(line):
        if escaped:
            escaped = False
        elif char == "\\" and quote != "'":
            escaped = True
        elif quote:
            quote = "" if char == quote else quote
        elif char in "'\"":
            quote = char
        elif char.isspace():
            began = at + 1
    return line[began:]


class Zsh(ZshComplete):
    """As click answers zsh; its script is a function that completes, also when it was loaded by an earlier call."""

    source_template = ZshComplete.source_template.replace("== loadautofunc", "== (loadautofunc|shfunc)")


class Fish(FishComplete):
    """As click answers fish, and labels and descriptions keep their commas."""

    source_template = FishComplete.source_template.replace('string split ","', 'string split -m 1 ","')


def register() -> None:
    """Let click answer these shells this way."""
    for each in (Bash, Zsh, Fish):
        add_completion_class(each)
