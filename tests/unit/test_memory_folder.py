"""The tests' temporary files are in memory where there is room for them, and are gone afterwards."""

import os
import sys
import tempfile
from pathlib import Path

import pytest
from tests.support import memory_folder
from tests.support.memory_folder import temporary_files_in_memory

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="elsewhere no folder is in memory")


@pytest.fixture(autouse=True)
def nobody_chose(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TMPDIR", raising=False)
    monkeypatch.setattr(tempfile, "tempdir", None)


def test_with_room_they_are_there_until_the_tests_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(memory_folder, "NEEDED_BYTES", 0)
    elsewhere = tempfile.gettempdir()
    with temporary_files_in_memory(tmp_path):
        assert Path(tempfile.mkdtemp()).is_relative_to(tmp_path)
    assert tempfile.gettempdir() == elsewhere
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("needed", [0, 2**60])
def test_without_room_or_with_a_folder_of_the_users_choice_they_are_elsewhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, needed: int
) -> None:
    monkeypatch.setattr(memory_folder, "NEEDED_BYTES", needed)
    if needed == 0:
        monkeypatch.setenv("TMPDIR", str(tmp_path.parent))
    before = tempfile.gettempdir()
    with temporary_files_in_memory(tmp_path):
        assert tempfile.gettempdir() == before
    assert list(tmp_path.iterdir()) == []


def test_where_no_program_can_be_run_they_are_elsewhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(memory_folder, "NEEDED_BYTES", 0)
    monkeypatch.setattr(memory_folder, "runs_programs", lambda _: False)
    with temporary_files_in_memory(tmp_path):
        assert "TMPDIR" not in os.environ
    assert list(tmp_path.iterdir()) == []
