"""Where rota keeps things, and that nobody else may look."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from rota import paths
from rota.errors import ConfigError, StoreError

posix_only = pytest.mark.skipif(os.name == "nt", reason="file modes mean nothing on Windows")


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


def test_rota_home_moves_every_place(tmp_path: Path) -> None:
    found = paths.find({"ROTA_HOME": str(tmp_path / "home")})
    places = [
        *found.folders(),
        found.config_file,
        found.log_file,
        found.vault_file,
        found.vault_choice_file,
        found.settings_cache,
        found.catalogue_file,
        found.debug_log,
    ]
    assert all(place.is_relative_to(tmp_path / "home") for place in places)
    assert len(set(places)) == len(places)


def test_a_relative_home_and_a_tilde_become_absolute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    assert paths.find({"ROTA_HOME": "here"}).config == tmp_path / "here"
    assert paths.find({"ROTA_HOME": "~/there"}).config == tmp_path / "there"


def test_a_home_of_an_unknown_user_is_said_so() -> None:
    with pytest.raises(ConfigError, match="no such user"):
        paths.find({"ROTA_HOME": "~nobody-is-called-that/rota"})


def test_without_rota_home_the_systems_own_folders_are_used(tmp_path: Path) -> None:
    script = (
        "import json, os; from rota import paths; found = paths.find(os.environ);"
        "print(json.dumps([str(found.config), str(found.data), str(found.state), str(found.cache)]))"
    )
    environ = {key: value for key, value in os.environ.items() if not key.startswith(("XDG_", "ROTA_"))}
    environ |= {"HOME": str(tmp_path), "PYTHONPATH": os.pathsep.join(sys.path)}
    ran = subprocess.run([sys.executable, "-c", script], env=environ, capture_output=True, text=True, check=True)
    folders = [Path(folder) for folder in json.loads(ran.stdout)]
    assert all(folder.is_relative_to(tmp_path) and folder.name == "rota" for folder in folders)


@pytest.mark.parametrize("name", ["XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME", "NONE"])
@pytest.mark.parametrize("value", ["elsewhere", "", "/", "relative"])
def test_they_are_where_other_programs_of_the_system_look(tmp_path: Path, name: str, value: str) -> None:
    script = (
        "import os; from rota import paths; found = paths.find(os.environ);"
        "from platformdirs import PlatformDirs; dirs = PlatformDirs('rota', appauthor=False);"
        "assert found == paths.Paths(dirs.user_config_path, dirs.user_data_path, dirs.user_state_path,"
        " dirs.user_cache_path, dirs.user_log_path), (found, dirs.user_config_path)"
    )
    environ = {key: given for key, given in os.environ.items() if not key.startswith(("XDG_", "ROTA_"))}
    environ |= {"HOME": str(tmp_path), "PYTHONPATH": os.pathsep.join(sys.path)}
    environ[name] = str(tmp_path / value) if value == "elsewhere" else value
    ran = subprocess.run([sys.executable, "-c", script], env=environ, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the system has to be asked")
def test_finding_them_loads_nothing_on_linux(tmp_path: Path) -> None:
    script = "import os, sys; from rota import paths; paths.find(os.environ); print('platformdirs' in sys.modules)"
    environ = {key: given for key, given in os.environ.items() if key != "ROTA_HOME"} | {
        "HOME": str(tmp_path),
        "PYTHONPATH": os.pathsep.join(sys.path),
    }
    ran = subprocess.run([sys.executable, "-c", script], env=environ, capture_output=True, text=True, check=True)
    assert ran.stdout == "False\n"


@posix_only
def test_a_machine_that_names_no_home_is_said_so(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)

    def nobody(uid: int) -> None:
        raise KeyError(uid)

    monkeypatch.setattr("pwd.getpwuid", nobody)  # as in a container that runs as some number
    with pytest.raises(ConfigError, match="home folder") as told:
        paths.find({})
    assert "ROTA_HOME" in told.value.hint


@pytest.mark.parametrize("unset", ["", "  "])
def test_an_empty_rota_home_counts_as_unset(unset: str) -> None:
    assert paths.find({"ROTA_HOME": unset}) == paths.find({})


@posix_only
def test_folders_are_made_for_their_owner_alone(tmp_path: Path) -> None:
    found = paths.under(tmp_path / "deep" / "home")
    found.ensure()
    assert {mode(folder) for folder in found.folders()} == {0o700}


@posix_only
def test_an_open_folder_is_closed_but_the_persons_config_folder_is_left_as_it_is(tmp_path: Path) -> None:
    home = tmp_path / "home"
    (home / "data").mkdir(parents=True)
    home.chmod(0o755)
    (home / "data").chmod(0o755)
    found = paths.under(home)
    found.ensure()
    assert mode(found.data) == 0o700
    assert mode(found.config) == 0o755


def test_a_file_where_a_folder_should_be_is_said_with_its_path(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("")
    with pytest.raises(StoreError, match="data") as caught:
        paths.under(tmp_path).ensure()
    assert caught.value.path == tmp_path / "data"
    assert "ROTA_HOME" in caught.value.hint


def test_ensuring_twice_changes_nothing(tmp_path: Path) -> None:
    found = paths.under(tmp_path / "home")
    found.ensure()
    found.vault_file.write_text("{}")
    found.ensure()
    assert found.vault_file.read_text() == "{}"


def test_finding_the_places_makes_nothing(tmp_path: Path) -> None:
    paths.find({"ROTA_HOME": str(tmp_path / "home")})
    assert list(tmp_path.iterdir()) == []
