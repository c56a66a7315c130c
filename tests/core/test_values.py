from __future__ import annotations

import copy
import dataclasses
import inspect
import pickle
from dataclasses import field

import pytest

from rota.values import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    at: float
    id: str = field(default_factory=lambda: "made")


@dataclass(frozen=True, slots=True, kw_only=True)
class Named(Fact):
    """A fact with a name."""

    name: str
    hidden: str = field(default="", repr=False)
    beside: int = field(default=0, compare=False)

    @property
    def loud(self) -> str:
        return self.name.upper()


@dataclass(frozen=True, slots=True)
class Point:
    x: float
    y: float = 0.0


@dataclass(frozen=True, slots=True)
class Alone:
    only: str


@dataclasses.dataclass(frozen=True, slots=True)
class Standard:
    x: float
    y: float = 0.0


def test_a_value_is_built_compared_hashed_and_shown_as_the_standard_one() -> None:
    mine, theirs = Point(1.0), Standard(1.0)
    assert repr(mine) == repr(theirs).replace("Standard", "Point")
    assert mine == Point(1.0, 0.0)
    assert mine != Point(1.0, 2.0)
    assert mine.__eq__(theirs) is NotImplemented
    assert hash(mine) == hash(Point(1.0)) == hash(theirs)
    assert Alone("a") == Alone("a") != Alone("b")
    assert hash(Alone("a")) == hash(("a",))


def test_a_value_tells_its_signature_before_one_was_made() -> None:
    @dataclass(frozen=True, slots=True)
    class Line:
        begin: float
        end: float = 0.0

    assert list(inspect.signature(Line).parameters) == ["begin", "end"]
    assert Line(1.0) == Line(begin=1.0, end=0.0)


def test_a_value_is_frozen_and_holds_nothing_but_its_fields() -> None:
    point = Point(1.0)
    with pytest.raises(dataclasses.FrozenInstanceError):
        point.x = 2.0  # type: ignore[misc]  # that it cannot be set is what is tested
    with pytest.raises(dataclasses.FrozenInstanceError):
        del point.x
    assert not hasattr(point, "__dict__")


def test_fields_are_inherited_and_keep_their_defaults() -> None:
    named = Named(at=1.0, name="a")
    assert (named.id, named.loud) == ("made", "A")
    assert [f.name for f in dataclasses.fields(Named)] == ["at", "id", "name", "hidden", "beside"]
    assert [*Named.__slots__] == ["name", "hidden", "beside"]
    with pytest.raises(TypeError):
        Named(1.0, "b")  # type: ignore[call-arg]  # keywords only


def test_what_a_field_hides_is_neither_shown_nor_compared() -> None:
    named = Named(at=1.0, name="a", hidden="secret", beside=1)
    assert "secret" not in repr(named)
    assert named == Named(at=1.0, name="a", hidden="secret", beside=2)
    assert named != Named(at=1.0, name="a", hidden="other")


def test_replace_match_copy_and_pickle_work() -> None:
    point = dataclasses.replace(Point(1.0), y=3.0)
    assert point == Point(1.0, 3.0)
    match point:
        case Point(x, y):
            assert (x, y) == (1.0, 3.0)
    assert copy.copy(point) == copy.deepcopy(point) == pickle.loads(pickle.dumps(point)) == point
    assert dataclasses.asdict(Named(at=1.0, name="a"))["name"] == "a"


def test_only_frozen_slotted_values_are_made() -> None:
    with pytest.raises(TypeError, match="frozen"):
        dataclass(frozen=False, slots=True)
