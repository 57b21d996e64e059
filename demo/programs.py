"""Running the programs of `.tools`, apart from the user's own environment, and never leaving one behind."""

import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO

ROOT = Path(__file__).parents[1]
TOOLS = ROOT / ".tools"
REGION = "us-east-1"
ANY_CREDENTIAL = "test"
"""No secret: ministack takes any."""
STOP_SECONDS = 10
FOR_SAM = ("SAM_SKIP_PULL_IMAGE", "SAM_CLI_CONTAINER_CONNECTION_TIMEOUT")
"""What a user sets for `sam local invoke`: about this machine's Docker, not about an account."""


class DemoError(Exception):
    """The demo's environment failed, with what a person can do about it."""


@dataclass(frozen=True, slots=True)
class Finished:
    status: int
    stdout: str
    stderr: str

    @property
    def output(self) -> str:
        """Both; errors are at the end."""
        return f"{self.stdout}\n{self.stderr}".strip()


def clean_environment(tool: str, **more: str) -> dict[str, str]:
    """For programs of `.tools`: none of the user's AWS accounts, profiles and endpoints, and no proxy on loopback.

    The tool's own folder comes first on PATH: it holds the runtime's Python that `sam build` looks for.
    """
    kept = {
        name: value
        for name, value in os.environ.items()
        if name in FOR_SAM or not name.startswith(("AWS_", "DB_", "SAM_", "PYTHON", "VIRTUAL_ENV"))
    }
    return kept | {
        "PATH": f"{TOOLS / tool / 'bin'}{os.pathsep}{os.environ.get('PATH', '')}",
        "NO_PROXY": "127.0.0.1,localhost",
        "no_proxy": "127.0.0.1,localhost",
        "AWS_ACCESS_KEY_ID": ANY_CREDENTIAL,
        "AWS_SECRET_ACCESS_KEY": ANY_CREDENTIAL,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
        **more,
    }


def run_group(
    command: Sequence[str],
    environment: Mapping[str, str],
    seconds: float,
    *,
    stderr: IO[str] | None = None,
) -> Finished:
    """Runs a program to its end; whatever it started ends with it, or with us. Raises DemoError past `seconds`.

    `stderr`: a file of the caller's, who can read it also where we are interrupted.
    """
    with (
        TemporaryFile("w+", errors="replace") as own,
        subprocess.Popen(
            command,
            env=dict(environment), cwd=ROOT, start_new_session=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=stderr or own,
            text=True, errors="replace",
        ) as process,
    ):  # fmt: skip
        try:
            stdout, _ = process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired as error:
            raise DemoError(
                f"{Path(command[0]).name} {command[1]} took longer than {seconds:.0f} s"
            ) from error
        finally:
            _end_group(process)
        said = stderr or own
        said.seek(0)
        return Finished(process.returncode, stdout, said.read())


def _end_group(process: subprocess.Popen[str]) -> None:
    """As Ctrl-C would, so that it can clear up; what is left of its group then ends at once."""
    try:
        if process.poll() is None:
            signal_group(process.pid, signal.SIGINT)
            process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        pass
    finally:
        signal_group(process.pid, signal.SIGKILL)


def stop_group(process: subprocess.Popen[bytes]) -> None:
    """Asks it to end, and ends what is left of its group."""
    signal_group(process.pid, signal.SIGTERM)
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        pass
    finally:
        signal_group(process.pid, signal.SIGKILL)
        process.wait(STOP_SECONDS)


def signal_group(group: int, number: signal.Signals) -> None:
    try:
        os.killpg(group, number)
    except ProcessLookupError:
        return


def tail(path: Path, lines: int = 20) -> str:
    if not path.exists():
        return "(no log)"
    return "\n".join(path.read_text(errors="replace").splitlines()[-lines:])
