"""`docs/library.md` and the library agree: every name, every call, every snippet."""

from __future__ import annotations

import inspect
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from tests.examples.conftest import run_example

import rota
from rota import errors

if TYPE_CHECKING:
    from tests.support.command_line import CommandLine

PAGE = (Path(__file__).parents[2] / "docs" / "library.md").read_text("utf-8")
PROSE = re.sub(r"```.*?```", "", PAGE, flags=re.DOTALL)
SNIPPETS = re.findall(r"```python\n(.*?)```", PAGE, flags=re.DOTALL)
MODULES = {"testing", "strategies", "providers"}
"""Of the page's names: a module, and two groups of entry points."""
CALLS = re.findall(r"^\| `(?:await |async with )?(\w+)(?:\((.*?)\))?` \|", PROSE, flags=re.MULTILINE)
PROMISED = {"chat", "stream", "models", "accounts", "usage", "login", "migrate", "why", "replay", "subscribe"}


def test_the_page_names_what_is_public_and_nothing_else() -> None:
    assert set(re.findall(r"`rota\.(\w+)", PROSE)) - MODULES == set(rota.__all__)


def test_every_public_name_is_there_and_says_what_it_is() -> None:
    for name in rota.__all__:
        assert getattr(rota, name) is not None
        made = getattr(rota, name)
        if inspect.isclass(made) and made.__module__.startswith("rota."):
            assert made.__doc__, name
            assert not made.__doc__.startswith(f"{name}("), f"{name} says only what dataclasses say of themselves"
    assert {*rota.__all__} <= {*dir(rota)}


def test_every_error_is_public() -> None:
    raised = {name for name, kind in vars(errors).items() if inspect.isclass(kind) and issubclass(kind, Exception)}
    assert raised <= {*rota.__all__}


def test_the_page_says_every_call_with_its_arguments() -> None:
    told = dict(CALLS)
    assert told.keys() >= PROMISED
    for name, arguments in told.items():
        found = inspect.getattr_static(rota.Engine, name)
        if isinstance(found, property):
            continue
        taken = [each for each in inspect.signature(getattr(rota.Engine, name)).parameters if each != "self"]
        assert [each.strip() for each in arguments.split(",") if each.strip()] == taken, name


@pytest.mark.parametrize("name", sorted(name for name in vars(rota.Engine) if not name.startswith("_")))
def test_every_call_of_the_engine_is_typed_and_documented(name: str) -> None:
    found = inspect.getattr_static(rota.Engine, name)
    called: Any = found.fget if isinstance(found, property) else found
    assert (called.__doc__ or "").strip()
    signature = inspect.signature(inspect.unwrap(called))
    assert signature.return_annotation is not inspect.Signature.empty
    assert all(p.annotation is not p.empty for n, p in signature.parameters.items() if n != "self")


def test_a_name_that_is_not_public_is_no_attribute() -> None:
    with pytest.raises(AttributeError, match="has no attribute 'Pool'"):
        _ = getattr(rota, "Pool")  # noqa: B009 - mypy knows that it is none


def test_the_first_snippet_answers(home: CommandLine, tmp_path: Path) -> None:
    script = tmp_path / "first.py"
    script.write_text(SNIPPETS[0], "utf-8")
    ran = run_example(home, str(script))
    assert (ran.code, bool(ran.out.strip())) == (0, True), ran


def test_the_snippets_about_testing_are_tests_that_pass(tmp_path: Path) -> None:
    (tmp_path / "conftest.py").write_text(SNIPPETS[1], "utf-8")
    (tmp_path / "test_page.py").write_text(SNIPPETS[2], "utf-8")
    ran = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", str(tmp_path), str(tmp_path)],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert "2 passed" in ran.stdout, ran.stdout + ran.stderr


# what is run, and what it may not import
HEAVY = (
    "{'httpx', 'aiohttp', 'starlette', 'uvicorn', 'keyring', 'textual', 'pydantic', 'importlib.metadata', 'click'}"
)
LIGHT = [
    ("import rota", "rota.engine"),
    ("import rota; rota.open; rota.ChatRequest; rota.AllSpent; rota.Strategy", "starlette"),
    ("import rota; from rota.pool.strategies import named; named('auto')", "rota.plugins"),
]


@pytest.mark.parametrize(("program", "nor"), LIGHT, ids=[program for program, _ in LIGHT])
def test_importing_the_library_imports_nothing_heavy(program: str, nor: str) -> None:
    code = f"{program}; import sys; print(sorted(({HEAVY} | {{{nor!r}}}) & sys.modules.keys()))"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)
    assert (ran.stdout, ran.stderr) == ("[]\n", "")
