"""A demo that this machine is not up to ends with one sentence on what to do, and with nothing left behind."""

import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from demo import deployment, machine, run
from demo.environment import DemoEnvironment
from demo.machine import MachineError, machine_blamed, refuse_small_room, shortage
from tests.support.bare_machine import ROOT
from tests.support.private_folders import mounting, run_mounted


@mounting
def test_without_room_it_does_not_begin(reachable_folder: Path, unique_name: Callable[[str], str]) -> None:
    full = reachable_folder / unique_name("full")
    variables = {**os.environ, "TMPDIR": full, "PYTHONPATH": f"{ROOT / 'src'}{os.pathsep}{ROOT}"}
    given = [f"{name}={value}" for name, value in variables.items()]
    done = run_mounted(full, "size=300m", ["env", "-C", ROOT, *given, sys.executable, "-m", "demo.run"])
    assert (done.returncode, done.stderr) == (1, "")
    [said] = [line for line in done.stdout.splitlines() if line]
    assert said.startswith(f"The demo failed: {full} has room for ")
    assert said.endswith("make room there, or set TMPDIR to another folder, then run make again")


def test_without_a_network_to_build_with_that_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deployment, "WORK", tmp_path)
    monkeypatch.setattr(deployment, "ARTEFACT", tmp_path / "build")
    for name, value in {"PIP_INDEX_URL": "http://127.0.0.1:9/simple", "PIP_RETRIES": "0"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_NO_CACHE_DIR", "1")
    with pytest.raises(MachineError, match=r"^the package index can't be reached: check the network"):
        deployment._build(tmp_path / "build", for_this_machine=True)


def test_its_sentence_is_the_last_and_the_only_word(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    def lacking(_: DemoEnvironment) -> None:
        raise MachineError("no room: make some")

    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setattr(DemoEnvironment, "start_postgres", lacking)
    monkeypatch.setattr(
        DemoEnvironment, "__enter__", lambda self: self
    )  # no signal handlers in a test's process
    monkeypatch.setattr(DemoEnvironment, "__exit__", lambda *_: None)
    # The demo takes these out of its own process; here they come back.
    for name in [name for name in os.environ if name.startswith(("AWS_", "DB_"))]:
        monkeypatch.delenv(name)
    assert run.main() == 1
    assert capsys.readouterr().out == "\nThe demo failed: no room: make some\n"


def test_what_a_program_says_of_the_machine_is_told_from_its_own_failures() -> None:
    assert "the disk is full" in str(shortage("[Errno 28] No space left on device: '/x'"))
    assert "the package index can't be reached" in str(
        shortage("Could not satisfy the requirement: click==8")
    )
    assert shortage("Error: Template file not found") is None


def test_a_file_that_can_not_be_made_is_named() -> None:
    with (
        pytest.raises(MachineError, match=r"^/proc/nothing: .*; see to that, then run make again$"),
        machine_blamed(),
    ):
        Path("/proc/nothing").mkdir()


def test_room_for_it_is_room_enough(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(machine, "ROOM_MB", 0)
    refuse_small_room(tmp_path)
    monkeypatch.setattr(machine, "ROOM_MB", 10**12)
    with pytest.raises(MachineError, match="and the demo takes 1000000000000"):
        refuse_small_room(tmp_path)
