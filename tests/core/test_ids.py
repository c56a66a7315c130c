"""Ids: unique in every process and thread, growing within one, and told apart by their first digits where typed."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor

import pytest

from rota.events import new_id, random_word


def test_ids_of_one_process_grow_and_never_repeat() -> None:
    ids = [new_id() for _ in range(3000)]
    assert ids == sorted(ids)
    assert len({id_[8:] for id_ in ids}) == 3000


def test_threads_never_draw_the_same_word() -> None:
    with ThreadPoolExecutor(8) as threads:
        words = [w for part in threads.map(lambda _: [random_word() for _ in range(2000)], range(8)) for w in part]
    assert len(set(words)) == 16_000


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_forked_process_draws_words_of_its_own() -> None:
    random_word()  # so that there are words drawn ahead
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.write(writer, "".join(random_word() for _ in range(100)).encode())
        os._exit(0)
    os.waitpid(child, 0)
    os.close(writer)
    with os.fdopen(reader) as pipe:
        said = pipe.read()
    theirs = {said[i : i + 12] for i in range(0, len(said), 12)}
    assert len(theirs) == 100
    assert theirs.isdisjoint(random_word() for _ in range(600))
