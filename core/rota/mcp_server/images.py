"""Images that a tool call names: by address, inline, or as a file on this machine."""

from __future__ import annotations

import base64
import binascii
from pathlib import Path

from rota.errors import UsageError
from rota.providers.base import Image

LARGEST = 20 * 1024 * 1024
"""Bytes; no provider takes a larger image."""

MARKS = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF8", "image/gif"),
)
"""How files of each kind begin."""


def image_at(url: str) -> Image:
    """An image by https address or `data:` URL.

    Raises:
        UsageError: it is neither.
    """
    if url.startswith("https://"):
        return Image(url=url)
    head, comma, data = url.partition(",")
    if head.startswith("data:") and head.endswith(";base64") and comma:
        try:
            return _checked(base64.b64decode(data, validate=True), "The data: URL")
        except binascii.Error:
            raise UsageError("The data: URL is not base64.") from None
    raise UsageError(
        "image_url is neither an https address nor a base64 data: URL.", hint="Use file_path for a file."
    )


def image_in(path: str) -> Image:
    """An image file. Anything else is refused: a model must not be able to read the person's files through rota.

    Raises:
        UsageError: it cannot be read, is too large, or is no image.
    """
    try:
        with Path(path).expanduser().open("rb") as file:
            content = file.read(LARGEST + 1)
    except (OSError, RuntimeError, ValueError) as error:
        why = getattr(error, "strerror", None) or "that is no path"
        raise UsageError(f"{path} cannot be read: {why}.", hint="Say the whole path of an image file.") from None
    return _checked(content, path)


def _checked(content: bytes, what: str) -> Image:
    if len(content) > LARGEST:
        raise UsageError(f"{what} is too large: an image has at most {LARGEST // 1024 // 1024} MiB.")
    kind = next((kind for mark, kind in MARKS if content.startswith(mark)), None)
    if content.startswith(b"RIFF") and content[8:12] == b"WEBP":
        kind = "image/webp"
    if kind is None:
        raise UsageError(f"{what} is no image.", hint="PNG, JPEG, GIF and WebP are taken.")
    return Image(data=base64.b64encode(content).decode(), media_type=kind)
