"""The chat over a real engine and the simulator behind real sockets; the simulated models speak when told to."""

from __future__ import annotations

import asyncio
import time
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC
from typing import TYPE_CHECKING, Any

from rota.clock import ManualClock
from rota.demo import credential_of
from rota.engine import Engine, open_engine
from rota.settings import AnthropicSettings, ChatSettings, PoolSettings, PuterSettings, Settings, UiSettings
from rota.simulator import SimulatorServer, World, build_world
from rota.simulator.faults import Fault
from rota.simulator.stream import sse
from rota.vault.memory import MemoryVault
from rota_tui.app import RotaApp
from rota_tui.screens.chat import ChatScreen

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

    from textual.message import Message
    from textual.pilot import Pilot

    from rota_tui.widgets.answer_view import AnswerView

HAIKU = "anthropic/claude-haiku-4-5"
NANO = "puter/gpt-5-nano"


@dataclass
class Chat:
    """A running app in mode 2, and what it stands on."""

    app: RotaApp
    engine: Engine
    pilot: Pilot[None]
    world: World
    clock: ManualClock
    """The simulated world's: a paced answer goes on when it is moved."""
    messages: list[Message]

    @property
    def screen(self) -> ChatScreen:
        screen = next(s for s in self.app.screen_stack if isinstance(s, ChatScreen))
        assert isinstance(screen, ChatScreen)
        return screen

    @property
    def answer(self) -> AnswerView:
        """The last answer."""
        return self.screen.turns[-1].views[-1]

    @property
    def ended(self) -> bool:
        """Whether the last turn's answers came to an end."""
        return bool(self.screen.turns) and all(v.children and v.footer.over for v in self.screen.turns[-1].views)

    async def until(self, happened: Callable[[], object]) -> None:
        """Wait for something that real sockets bring about."""
        async with asyncio.timeout(30):
            while not happened():
                await self.pilot.pause(0.01)
        await self.pilot.pause()

    async def type(self, text: str) -> None:
        """Type a line, key by key for the last few."""
        prompt = self.screen.prompt
        prompt.insert(text[:-3])
        names = {" ": "space", "]": "right_square_bracket", "?": "question_mark", "/": "slash", ".": "full_stop"}
        await self.pilot.press(*(names.get(c, c) for c in text[-3:]))

    async def ask(self, text: str) -> None:
        """Type a question and send it; the answer is under way."""
        before = len(self.screen.turns)
        await self.type(text)
        await self.pilot.press("enter")
        await self.until(lambda: len(self.screen.turns) > before and self.screen.asking)

    async def answered(self) -> None:
        """The answers under way have come to their end."""
        await self.until(lambda: not self.screen.asking)
        await self.until(lambda: self.app.snapshot is self.engine.snapshot)

    async def ask_and_wait(self, text: str) -> None:
        before = len(self.screen.turns)
        await self.type(text)
        await self.pilot.press("enter")
        await self.until(lambda: len(self.screen.turns) > before)
        await self.until(lambda: self.ended)
        await self.answered()

    async def ask_and_stop(self, text: str = "Tell me all [[tokens=900]]") -> None:
        """Ask, and press Escape once something has come."""
        self.pace()
        await self.ask(text)
        await self.clock.advance(1.5)
        await self.until(lambda: self.answer.text)
        await self.pilot.press("escape")
        await self.answered()

    def pace(self) -> None:
        """From here on models speak only while the world's clock is moved."""
        self.world.knobs.pace = 1.0

    def force(self, name: str, **how: Any) -> None:
        self.world.faults.force(Fault(name, **how))

    def say(self, text: str, **how: Any) -> None:
        """Let the next Anthropic answer be this text, whatever was asked."""
        self.force(
            "answer", path="/v1/messages", body=spoken(text), headers={"content-type": "text/event-stream"}, **how
        )

    def text(self) -> str:
        """What stands on the screen."""
        strips = self.app.screen._compositor.render_strips()
        return "\n".join(strip.text.rstrip() for strip in strips)

    def talk(self) -> str:
        """What stands in the conversation's half of the screen, its line breaks and gaps as single spaces."""
        left, top, width, height = self.screen.query_one("#talk").region
        lines = self.text().splitlines()[top : top + height]
        return " ".join(" ".join(line[left : left + width] for line in lines).split())

    def row(self, words: str) -> str:
        """The screen's first line that has these words."""
        return next((line for line in self.text().splitlines() if words in line), "")

    def toasts(self) -> list[str]:
        return [notification.message for notification in self.app._notifications]

    def asked(self, number: int = -1) -> dict[str, Any]:
        """The body of a chat request as it went over the wire."""
        calls = [c for c in self.world.calls.listed() if "/messages" in c.path or "drivers/call" in c.path]
        body = calls[number].body
        assert isinstance(body, dict)
        return body


def spoken(text: str) -> str:
    """An Anthropic stream that says `text` in one piece."""
    usage = {"input_tokens": 9, "output_tokens": 1}
    message = {"id": "msg_1", "type": "message", "role": "assistant", "model": "claude-haiku-4-5", "content": []}
    block = {"type": "text", "text": ""}
    parts = [
        sse("message_start", {"type": "message_start", "message": {**message, "usage": usage}}),
        sse("content_block_start", {"type": "content_block_start", "index": 0, "content_block": block}),
        sse(
            "content_block_delta",
            {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": text}},
        ),
        sse("content_block_stop", {"type": "content_block_stop", "index": 0}),
        sse(
            "message_delta",
            {
                "type": "message_delta",
                "delta": {"stop_reason": "end_turn", "stop_sequence": None},
                "usage": {"output_tokens": 12},
            },
        ),
        sse("message_stop", {"type": "message_stop"}),
    ]
    return b"".join(parts).decode()


@asynccontextmanager
async def chatting(
    home: Path,
    *accounts: str,
    size: tuple[int, int] = (120, 40),
    scenario: str = "default",
    model: str = HAIKU,
    pool: PoolSettings | None = None,
    route_subscriptions: bool = True,
    **look: Any,
) -> AsyncIterator[Chat]:
    """The app in mode 2, signed in to the simulated accounts of these labels.

    Args:
        model: asked unless another is chosen.
        look: how the app is opened (`ascii`).
    """
    clock = ManualClock(time.time())
    world = build_world(scenario, clock=clock)
    async with SimulatorServer(world=world) as simulator:
        urls = simulator.base_urls
        settings = replace(
            Settings(),
            anthropic=AnthropicSettings(
                api_url=urls["anthropic_api"],
                auth_url=urls["anthropic_auth"],
                route_subscriptions=route_subscriptions,
            ),
            puter=PuterSettings(api_url=urls["puter_api"], gui_url=urls["puter_gui"]),
            chat=ChatSettings(model=model),
            ui=UiSettings(animations=False),
            pool=pool or PoolSettings(retry_base_s=0.01),
            usage=replace(Settings().usage, enabled=False),
        )
        async with open_engine(home=home, settings=settings, vault=MemoryVault(), seed=1) as engine:
            for login in simulator.credentials:
                if login["label"] in accounts:
                    await engine.add_credential(login["provider"], credential_of(login), label=login["label"])
            messages: list[Message] = []
            app = RotaApp(engine, tz=UTC, **look)
            async with app.run_test(size=size, message_hook=messages.append, notifications=True) as pilot:
                await pilot.press("2")
                chat = Chat(app, engine, pilot, world, clock, messages)
                await chat.until(lambda: isinstance(app.screen, ChatScreen))
                if accounts:
                    await chat.until(lambda: chat.screen.choice is not None and chat.screen.ranking is not None)
                yield chat
