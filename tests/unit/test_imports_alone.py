"""A module that a process imports first needs no other to have been imported before it."""

import subprocess
import sys

import pytest


@pytest.mark.parametrize(
    "module",
    ["ingestor.run.loading_process", "ingestor.formats.head", "ingestor.formats.json", "ingestor.api"],
)
def test_a_module_is_imported_alone(module: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", f"import {module}"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
