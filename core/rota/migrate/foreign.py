"""Other tools' files, read with care: broken, huge, linked, closed and open ones are each said for what they are."""

from __future__ import annotations

import contextlib
import json
import os
import stat
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rota.files import sync_folder
from rota.migrate.records import Found, Problem

SIZE_LIMIT = 4 * 1024 * 1024
"""Bytes; the largest such file that people have is a few hundred kilobytes."""


HALF_WRITTEN_S = 0.05
"""The pause before a file is read again that its owner seems to be writing: OpenCode writes in place."""


@dataclass(frozen=True, slots=True)
class Contents:
    """A file's text, and what is worth knowing about the file."""

    path: Path
    text: str = field(repr=False)
    target: Path
    """The file itself when `path` is a link to it."""
    mode: int
    exposed: bool
    """Whether anybody else may read or write it."""

    @property
    def linked(self) -> bool:
        return self.target != self.path


def read_text(path: Path) -> Contents | Problem | None:
    """What is in a file; None when there is none."""
    name = str(path)
    try:
        info = path.stat()
    except FileNotFoundError:
        if path.is_symlink():
            return Problem(name, "", "it is a link to a file that is not there", "Mend or remove the link.")
        return None
    except NotADirectoryError:
        return None
    except OSError as error:
        return Problem(name, "", f"it cannot be looked at ({error.strerror})", "Check its folder's permissions.")
    if not stat.S_ISREG(info.st_mode):
        return Problem(name, "", "it is not a file", "Move it away if it does not belong there.")
    if info.st_size > SIZE_LIMIT:
        size = info.st_size / 1024 / 1024
        return Problem(name, "", f"it is too large to be what it should be ({size:.0f} MB)", "Look at what is in it.")
    try:
        with path.open("rb") as file:
            content = file.read(SIZE_LIMIT + 1)
    except OSError as error:
        return Problem(name, "", f"it cannot be read ({error.strerror})", "Check who owns it and its permissions.")
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError:
        return Problem(name, "", "it is not text in UTF-8", "Save it as UTF-8.")
    mode = stat.S_IMODE(info.st_mode)
    target = Path(os.path.realpath(path)) if path.is_symlink() else path
    return Contents(path, text, target, mode, exposed=os.name != "nt" and bool(mode & 0o077))


def read_json(path: Path) -> tuple[Contents, Any] | Problem | None:
    """A JSON file and what it says; None when there is none."""
    contents = read_text(path)
    if contents is None or isinstance(contents, Problem):
        return contents
    value = parse_json(contents.text, str(path))
    return value if isinstance(value, Problem) else (contents, value)


def parse_json(text: str, name: str) -> Any:
    """What JSON text says, or the `Problem` with it."""
    text = text.removeprefix("\ufeff")
    if not text.strip():
        return Problem(name, "", "it is empty", passing=True)
    try:
        return json.loads(text, parse_constant=_no_constants)
    except json.JSONDecodeError as error:
        breaks_off = error.pos >= len(text.rstrip()) or "Unterminated" in error.msg
        why = "it breaks off" if breaks_off else "it is not JSON"
        todo = "The tool that wrote it may have been stopped while writing; let it write it again, or remove it."
        # Only the place: the decoder's own exception carries the whole text.
        return Problem(name, f"line {error.lineno}", why, todo, passing=True)
    except (ValueError, RecursionError):
        return Problem(name, "", "it is not JSON that any tool would write")


def _no_constants(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


def found_at(source: str, path: Path, what: str, *notes: str) -> Found | None:
    """A file that is there, with what its look alone tells; None when there is nothing."""
    try:
        info = path.stat()
    except OSError:
        # A dangling link or a closed folder is there too: reading it will say what is wrong.
        return Found(source, path, what, notes) if _is_named(path) else None
    told = list(notes)
    if path.is_symlink():
        told.append(f"a link to {os.path.realpath(path)}")
    exposed = os.name != "nt" and stat.S_ISREG(info.st_mode) and bool(info.st_mode & 0o077)
    if exposed:
        told.append("others on this machine can read it")
    return Found(source, path, what, tuple(told), exposed=exposed)


def _is_named(path: Path) -> bool:
    try:
        path.lstat()
    except PermissionError:
        return True
    except OSError:
        return False
    return True


def replace_text(path: Path, text: str, *, only_over: str | None = None) -> bool:
    """Replace a file's text in one step, with the mode and owner it has; a link stays a link.

    Args:
        only_over: what must still stand there at the last moment; otherwise nothing is done and False returned.

    Raises:
        OSError: it could not be written; the old file stands.
    """
    target = Path(os.path.realpath(path))
    info = target.stat()
    descriptor, temporary = tempfile.mkstemp(prefix=f".{target.name}.", suffix=".tmp", dir=target.parent)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(text.encode("utf-8"))
            file.flush()
            if os.name != "nt":
                os.fchmod(file.fileno(), stat.S_IMODE(info.st_mode))
                if (info.st_uid, info.st_gid) != (os.geteuid(), os.getegid()):
                    # Only root can give a file away; anybody else's rename keeps their own name on it.
                    with contextlib.suppress(PermissionError):
                        os.fchown(file.fileno(), info.st_uid, info.st_gid)
            os.fsync(file.fileno())
        if only_over is not None and target.read_bytes() != only_over.encode("utf-8"):
            os.unlink(temporary)
            return False
        os.replace(temporary, target)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        raise
    sync_folder(target.parent)
    return True


def tighten(path: Path) -> None:
    """Let only its owner read and write a file.

    Raises:
        OSError: it is somebody else's.
    """
    if os.name != "nt":
        path.chmod(stat.S_IMODE(path.stat().st_mode) & 0o700)
