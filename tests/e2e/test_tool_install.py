"""`uv tool install` needs nothing of this repository once it has the wheel."""

import os
import subprocess
from pathlib import Path

from tests.support.documents import ROOT


def test_ingestor_installed_as_a_tool_loads_a_file_somewhere_else(tmp_path: Path) -> None:
    folder = tmp_path / "größer und länger"
    outer = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    done = subprocess.run(
        [ROOT / "tools" / "from_wheel.sh", folder],
        cwd=tmp_path,
        env=outer,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    *said, rows = done.stdout.splitlines()
    assert int(rows) > 1_000
    assert any("my.json.gz" in line for line in said)
    installed = list((folder / "tools" / "ingestor").rglob("ingestor/cli/__init__.py"))
    assert len(installed) == 1
