"""Writes docs/demo.svg: what `make demo` and `ingestor local` print, run for it. `make recording`.

The programs write to a pipe, with colours and without what moves the cursor; rich draws their lines.
"""

import os
import re
import shlex
import shutil
import subprocess
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from rich._export_format import CONSOLE_SVG_FORMAT
from rich.console import Console
from rich.terminal_theme import MONOKAI
from rich.text import Text

from ingestor.database.embedded import EmbeddedPostgres

ROOT = Path(__file__).parents[1]
PICTURE = ROOT / "docs" / "demo.svg"
LOG = ROOT / "tests" / "data" / "pino-http-1.json.gz"
WIDTH = 140
LOCAL = (
    "ingestor local my.json.gz",
    'ingestor psql -c "SELECT level, count(*), max(timestamp) FROM logs GROUP BY level ORDER BY count(*) DESC"',
    "ingestor status my.json.gz",
)
_CURSOR = re.compile(r"\x1b\[[0-9;?]*[A-LN-Za-ln-z]")
"""Everything but colours (m)."""
_FORMAT = re.sub(r"@font-face \{\{.*?\}\}\s*", "", CONSOLE_SVG_FORMAT, flags=re.DOTALL).replace(
    "Fira Code, monospace", "monospace"
)
"""rich's own, without the fonts that it would fetch from elsewhere."""


@dataclass(frozen=True, slots=True)
class Session:
    """A command as it is typed, and the lines that it printed."""

    typed: str
    printed: str


def record(typed: str, command: Iterable[str], folder: Path, variables: Mapping[str, str]) -> Session:
    """Raises CalledProcessError for a command that failed: its picture would be no recording of what works."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("DB_")}
    done = subprocess.run(
        [*command],
        cwd=folder,
        env={**environment, "FORCE_COLOR": "1", "TTY_INTERACTIVE": "0", "COLUMNS": str(WIDTH), **variables},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=True,
    )
    return Session(typed, cleaned(done.stdout, folder))


def cleaned(text: str, folder: Path) -> str:
    """Without cursor movements, and without the paths of one machine."""
    plain = _CURSOR.sub("", text).replace(str(folder), "~/logs").replace(str(ROOT), "~/ingestor")
    return "\n".join(line.rstrip().split("\r")[-1] for line in plain.strip("\n").splitlines())


def picture(sessions: Iterable[Session]) -> str:
    with Path(os.devnull).open("w") as nowhere:
        console = Console(
            record=True, width=WIDTH, file=nowhere, force_terminal=True, color_system="truecolor"
        )
        for session in sessions:
            console.print(Text.assemble(("$ ", "green"), (session.typed, "bold")))
            console.print(Text.from_ansi(session.printed))
            console.print()
        return console.export_svg(title="ingestor", theme=MONOKAI, code_format=_FORMAT, unique_id="demo")


def local_sessions() -> list[Session]:
    """In a folder of its own, which is gone afterwards."""
    path = f"{ROOT / '.venv' / 'bin'}{os.pathsep}{os.environ['PATH']}"
    with tempfile.TemporaryDirectory(prefix="ingestor-recording-") as name:
        folder = Path(name)
        folder.chmod(0o755)  # root's server reaches it too: its data stay in it, and no other folder is shown
        shutil.copy(LOG, folder / "my.json.gz")
        try:
            return [
                record(typed, shlex.split(typed), folder, {"PATH": path, "PAGER": "cat"}) for typed in LOCAL
            ]
        finally:
            server = EmbeddedPostgres(folder / ".ingestor")
            server.stop()
            shutil.rmtree(server.data_folder.parent, ignore_errors=True)


def demo_session() -> Session:
    return record("make demo", [str(ROOT / ".venv/bin/python"), "-m", "demo.run"], ROOT, {})


if __name__ == "__main__":
    PICTURE.write_text(picture([demo_session(), *local_sessions()]))
