"""The loading processes of a run, found and killed; and those that are born dead."""

import gzip
import json
import os
import signal
from pathlib import Path
from typing import Any

from tests.support.sweeping import Place

from ingestor import ledger
from ingestor.model.source_file import SourceFile
from ingestor.run import loading_process

START_MS = 1_795_432_855_268


def log(count: int) -> bytes:
    entries = [{"time": START_MS + number, "msg": f"entry {number}"} for number in range(count)]
    return gzip.compress(json.dumps(entries).encode())


def rows(place: Place) -> dict[str, int]:
    """By key: a row that is there twice would count twice."""
    with place.tools.database.transaction() as connection:
        return dict(
            connection.execute(
                "SELECT s3_key, count(*) FROM files JOIN logs ON file_id = files.id GROUP BY s3_key"
            ).fetchall()
        )


def loaders_of(parent_id: int) -> list[int]:
    """Its children that load, as the kernel knows them."""
    found = []
    for each in Path("/proc").iterdir():
        if not each.name.isdigit():
            continue
        try:
            stat = (each / "stat").read_text().rpartition(")")[2].split()
            command = (each / "cmdline").read_bytes()
        except OSError:  # it ended meanwhile
            continue
        if stat[1] == str(parent_id) and stat[0] != "Z" and b"multiprocessing.spawn" in command:
            found.append(int(each.name))
    return found


def is_alive(process_id: int) -> bool:
    """A zombie that nobody waited for yet is not."""
    try:
        return Path(f"/proc/{process_id}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def die_at_once(*_: Any) -> None:  # noqa: ANN401 - in place of `serve`, whatever it is given
    os._exit(7)


def serve_as_told(*arguments: Any) -> None:  # noqa: ANN401 - as `serve` is
    """`serve`, but over the key DOOMED its process meets its end: DOOM says how and where, once if ONCE is a path."""
    signal_name, _, where = os.environ["DOOM"].partition(" ")

    def meet_end(key: str) -> None:
        marker = Path(os.environ.get("ONCE", os.devnull))
        if key != os.environ["DOOMED"] or marker.is_file():
            return
        if marker != Path(os.devnull):
            marker.touch()
        os.kill(os.getpid(), signal.Signals[signal_name])

    real: Any = loading_process  # patched in this process alone
    tell, load_one = real._Mailbox.send_claim, real.load_one

    def send_claim(mailbox: object, claim: ledger.Claim) -> None:
        if where == "before its claim is known":
            meet_end(claim.file.key)
        tell(mailbox, claim)
        if where == "with its claim known":
            meet_end(claim.file.key)

    def load(file: SourceFile, *more: object) -> object:
        if where == "before its claim":
            meet_end(file.key)
        return load_one(file, *more)

    real._Mailbox.send_claim, real.load_one = send_claim, load
    real.serve(*arguments)
