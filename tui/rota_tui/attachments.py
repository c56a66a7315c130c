"""Files that go along with a question: what may be attached, how large, and what becomes of it."""

from __future__ import annotations

import base64
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from rota.errors import UsageError
from rota.providers.base import Image, Text
from rota_tui.pieces import clean

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rota.providers.base import Part

MAX_IMAGE_BYTES = 3_900_000
"""Anthropic takes 5 MB of base64 an image, which is a third longer than its bytes."""
MAX_TEXT_BYTES = 400_000
"""Some hundred thousand tokens: more does not fit beside a conversation."""

_SIGNS = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
)


class CannotAttach(UsageError):
    """A file that cannot go along, and why."""


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file, read."""

    name: str
    kind: str
    """`image` or `text`."""
    size: int
    """Bytes of the file."""
    part: Part

    @property
    def told(self) -> str:
        """What it is, in words: `image plan.png, 34 kB`."""
        return f"{self.kind} {clean(self.name)}, {told_size(self.size)}"


def attach(path: str) -> Attachment:
    """Read a file; what it is is told from its bytes, not from its name. Blocks: call it in a thread.

    Raises:
        CannotAttach: it is missing, too large, or neither text nor an image that models take.
    """
    file = named_file(path)
    try:
        size = file.stat().st_size
        if not file.is_file():
            raise CannotAttach(f"{file} is not a file.", hint="Attach files one by one.")
        if size > MAX_IMAGE_BYTES:
            raise CannotAttach(f"{file.name} has {told_size(size)}.", hint=f"At most {told_size(MAX_IMAGE_BYTES)}.")
        data = file.read_bytes()
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) and error.strerror else "the path is not valid"
        raise CannotAttach(f"{path.strip() or 'The file'} cannot be read: {why}.", hint="Check the path.") from None
    media_type = _media_type(data)
    if media_type is not None:
        part: Part = Image(data=base64.b64encode(data).decode(), media_type=media_type)
        return Attachment(file.name, "image", size, part)
    if size > MAX_TEXT_BYTES:
        raise CannotAttach(f"{file.name} has {told_size(size)}.", hint=f"Text may have {told_size(MAX_TEXT_BYTES)}.")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = "\0"
    if "\0" in text:
        raise CannotAttach(f"{file.name} is neither text nor a PNG, JPEG, GIF or WebP image.", hint="Attach another.")
    return Attachment(file.name, "text", size, Text(_fenced(file.name, text)))


def named_file(typed: str) -> Path:
    """The file that was meant: as it is typed, in quotes, or as terminals write one that is dropped on them."""
    path = typed.strip().strip("'\"")
    file = Path(path).expanduser()
    with suppress(OSError, ValueError):
        if "\\ " in path and not file.exists():
            return Path(path.replace("\\ ", " ")).expanduser()
    return file


def told_attachments(attached: Sequence[Attachment]) -> str:
    """What goes along: one with its kind and size, several by their names."""
    if len(attached) == 1:
        return attached[0].told
    return f"{len(attached)} files: {', '.join(clean(each.name) for each in attached)}"


def told_size(size: int) -> str:
    """A size for people: `812 B`, `34 kB`, `1.2 MB`."""
    if size < 1000:
        return f"{size} B"
    return f"{size / 1000:.0f} kB" if size < 1_000_000 else f"{size / 1e6:.1f} MB"


def _media_type(data: bytes) -> str | None:
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "image/webp"
    return next((media_type for sign, media_type in _SIGNS if data.startswith(sign)), None)


def _fenced(name: str, text: str) -> str:
    """The file under its name, in a fence that nothing in it can close."""
    fence = "```"
    while fence in text:
        fence += "`"
    return f"File {name}:\n\n{fence}\n{text.rstrip()}\n{fence}"
