"""What each tool takes: checked here, and told to clients as JSON Schema."""

from __future__ import annotations

from typing import Annotated, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from rota.errors import UsageError

Given = TypeVar("Given", bound="Input")

MODELS_MOST = 1000


class Input(BaseModel):
    """The arguments of a tool."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Chat(Input):
    """`chat`"""

    message: Annotated[str, Field(min_length=1, description="What to ask.")]
    model: Annotated[
        str | None,
        Field(description="Its id, such as `puter/gpt-5-nano`; see the tool `models`. A small one if left out."),
    ] = None
    system: Annotated[str | None, Field(description="A system prompt.")] = None
    temperature: Annotated[float | None, Field(ge=0, le=2)] = None
    max_tokens: Annotated[int | None, Field(gt=0, description="The longest answer, in tokens.")] = None
    image_url: Annotated[str | None, Field(description="An image to ask about: an https address or a data: URL.")] = (
        None
    )
    file_path: Annotated[
        str | None, Field(description="An image file on this machine to ask about (PNG, JPEG, GIF or WebP).")
    ] = None
    account: Annotated[str | None, Field(description="Only this account may serve: its label.")] = None
    fallback: Annotated[bool, Field(description="Whether another model may answer when this one cannot.")] = True


class Models(Input):
    """`models`"""

    provider: Annotated[
        str | None,
        Field(description="Only this provider's, or those whose id holds this text (`anthropic`, `gpt-5`)."),
    ] = None
    free: Annotated[bool, Field(description="Only those that cost nothing.")] = False
    limit: Annotated[int, Field(gt=0, le=MODELS_MOST, description="At most so many.")] = 100


class Account(Input):
    """`account`"""

    account: Annotated[str | None, Field(description="Only this account: its label.")] = None


class Usage(Input):
    """`usage`"""

    account: Annotated[str | None, Field(description="Only this account: its label.")] = None
    all: Annotated[bool, Field(description="Every account, not only those that are in use.")] = False
    refresh: Annotated[bool, Field(description="Ask the providers now, within their budget of reads.")] = False


class Stats(Input):
    """`stats`"""

    model: Annotated[str | None, Field(description="Only models whose name holds this text.")] = None
    reset: Annotated[
        bool, Field(description="Count anew from now on, as long as this server runs; the log keeps everything.")
    ] = False


def read(kind: type[Given], arguments: object) -> Given:
    """A tool's arguments.

    Raises:
        UsageError: they are not what the tool takes; says which and why, and repeats nothing of them.
    """
    try:
        return kind.model_validate(arguments)
    except ValidationError as error:
        wrong = error.errors(include_url=False, include_context=False, include_input=False)
        said = "; ".join(f"{'.'.join(map(str, each['loc'])) or 'arguments'}: {each['msg']}" for each in wrong)
        raise UsageError(
            f"These arguments cannot be: {said}.", hint=f"It takes {', '.join(kind.model_fields)}."
        ) from None
