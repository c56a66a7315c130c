"""What readers of live batches get, however fast things happen and however slow they are."""

from __future__ import annotations

import asyncio
import gc

from tests.support.pool_facts import NOW, added, after, used

from rota.hub import Batch, Hub
from rota.snapshot import Snapshot

EMPTY = Snapshot()


async def test_a_reader_gets_everything_since_its_last_look_in_one_batch() -> None:
    hub = Hub(EMPTY)
    reader = hub.subscribe()
    facts = [used("a", NOW + n) for n in range(5)]
    hub.push(after(*facts[:2]), facts[:2])
    hub.push(after(*facts), facts[2:])
    assert await anext(reader) == Batch(after(*facts), tuple(facts), 0)


async def test_a_reader_waits_until_something_happens() -> None:
    hub = Hub(EMPTY)
    reader = hub.subscribe()
    waiting = asyncio.ensure_future(anext(reader))
    await asyncio.sleep(0)
    assert not waiting.done()
    snapshot = after(added("a"))
    hub.push(snapshot, [])  # no fact, but something to look at
    assert await waiting == Batch(snapshot, (), 0)


async def test_a_slow_reader_loses_the_oldest_facts_counted_and_never_the_snapshot() -> None:
    hub = Hub(EMPTY)
    slow, quick = hub.subscribe(kept=3), hub.subscribe()
    facts = [used("a", NOW + n) for n in range(10)]
    for n, fact in enumerate(facts):
        hub.push(after(*facts[: n + 1]), [fact])
    assert await anext(slow) == Batch(after(*facts), tuple(facts[-3:]), 7)
    assert (await anext(quick)).events == tuple(facts)
    hub.push(after(*facts), [facts[0]])
    assert (await anext(slow)).dropped == 0


async def test_more_news_at_once_than_a_reader_keeps_is_counted_too() -> None:
    hub = Hub(EMPTY)
    reader = hub.subscribe(kept=2)
    facts = [used("a", NOW + n) for n in range(5)]
    hub.push(after(*facts), facts)
    batch = await anext(reader)
    assert (batch.events, batch.dropped) == (tuple(facts[-2:]), 3)


async def test_closing_ends_readers_after_what_waits_for_them() -> None:
    hub = Hub(EMPTY)
    reader, idle = hub.subscribe(), hub.subscribe()
    fact = used("a", NOW)
    hub.push(after(fact), [fact])
    await anext(idle)
    hub.close()
    assert [batch.events async for batch in reader] == [(fact,)]
    assert [batch async for batch in idle] == []
    assert [batch async for batch in hub.subscribe()] == []


async def test_a_reader_that_leaves_is_fed_no_more() -> None:
    hub = Hub(EMPTY)
    with hub.subscribe() as reader:
        pass
    hub.push(EMPTY, [used("a", NOW)])
    assert [batch async for batch in reader] == []


async def test_a_reader_that_was_dropped_without_a_word_is_forgotten() -> None:
    hub = Hub(EMPTY)
    reader = hub.subscribe()
    assert len(hub._readers) == 1
    del reader
    gc.collect()
    assert len(hub._readers) == 0
