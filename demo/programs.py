"""Running the programs of `.tools`, apart from the user's own surroundings, and never leaving one behind."""

import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
TOOLS = ROOT / ".tools"
REGION = "us-east-1"
STOP_SECONDS = 10


class DemoError(Exception):
    """The surroundings failed, with what a person can do about it."""


@dataclass(frozen=True, slots=True)
class Finished:
    """`output`: standard output and standard error, as they came."""

    status: int
    output: str


def clean_environment(tool: str, **more: str) -> dict[str, str]:
    """For programs of `.tools`: none of the user's AWS accounts, profiles and endpoints, and no proxy on loopback.

    The tool's own folder comes first on PATH: it holds the runtime's Python that `sam build` looks for.
    """
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("AWS_", "DB_", "SAM_", "PYTHON", "VIRTUAL_ENV"))
    }
    return kept | {
        "PATH": f"{TOOLS / tool / 'bin'}{os.pathsep}{os.environ.get('PATH', '')}",
        "NO_PROXY": "127.0.0.1,localhost",
        "no_proxy": "127.0.0.1,localhost",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": REGION,
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
        **more,
    }


def run_group(command: Sequence[str], environment: Mapping[str, str], seconds: float) -> Finished:
    """Runs a program to its end; whatever it started ends with it, or with us. Raises DemoError past `seconds`."""
    with subprocess.Popen(
        command,
        env=dict(environment), cwd=ROOT, start_new_session=True,
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        text=True, errors="replace",
    ) as process:  # fmt: skip
        try:
            output, _ = process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired as error:
            raise DemoError(
                f"{Path(command[0]).name} {command[1]} took longer than {seconds:.0f} s"
            ) from error
        finally:
            signal_group(process.pid, signal.SIGKILL)
    return Finished(process.returncode, output)


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
