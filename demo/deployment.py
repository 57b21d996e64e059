"""The real template, built and deployed with AWS SAM CLI into a cloud of our own."""

import fcntl
import hashlib
import json
import platform
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from demo.cloud import Cloud
from demo.machine import shortage
from demo.programs import ROOT, TOOLS, DemoError, clean_environment, run_group

from ingestor.database import ConnectionParameters

WORK = ROOT / ".demo"
ARTEFACT = WORK / "build"
LINUX_ARTEFACT = WORK / "build-linux"
"""On another system: what `sam build` left, with Linux' wheels, for a container."""

SAM_SECONDS = 240
OUTPUT_LINES = 25


@dataclass(frozen=True, slots=True)
class Stack:
    """What the template's outputs name."""

    name: str
    bucket: str
    queue_url: str
    dead_letter_queue_url: str
    handler_function: str
    handler_log_group: str
    migrate_function: str
    sweep_function: str


def build() -> bool:
    """Leaves in ARTEFACT what runs on this machine; False: what is there is of these very sources. Raises DemoError."""
    return _build(ARTEFACT, for_this_machine=True)


def build_for_containers() -> Path:
    """The artefact as Lambda's image takes it. Raises DemoError."""
    folder = ARTEFACT if sys.platform == "linux" else LINUX_ARTEFACT
    _build(folder, for_this_machine=False)
    return folder


def _build(folder: Path, *, for_this_machine: bool) -> bool:
    WORK.mkdir(exist_ok=True)
    stamp = folder / ".sources"
    sources = _fingerprint()
    with _one_at_a_time():
        if stamp.exists() and stamp.read_text() == sources:
            return False
        # Cached: when only our own code changed, the wheels are not fetched again.
        _sam(
            "build", "--cached", "--cache-dir", str(WORK / "cache"), "--build-dir", str(folder),
            "--parameter-overrides", f"Architecture={architecture()}",
        )  # fmt: skip
        if for_this_machine and sys.platform != "linux":
            _use_wheels_of_this_machine()
        stamp.write_text(sources)
        return True


def deploy(
    cloud: Cloud, database: ConnectionParameters, name: str, artefact: Path = ARTEFACT, **parameters: str
) -> Stack:
    """`parameters` are the template's own; the tables are made on the way. Raises DemoError."""
    values = {
        "Architecture": architecture(),
        "AwsEndpointUrl": cloud.endpoint,
        "DbHost": database.host,
        "DbPort": str(database.port),
        "DbName": database.dbname,
        "DbUsername": database.user,
        "DbPassword": database.password,
        "DbSslMode": database.sslmode,
        "DashboardAndQueries": "false",  # ministack knows neither
    } | parameters
    _sam(
        "deploy", "--template-file", str(artefact / "template.yaml"), "--stack-name", name, "--resolve-s3",
        "--capabilities", "CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND", "--no-confirm-changeset", "--no-progressbar",
        "--parameter-overrides", *(f'{parameter}="{value}"' for parameter, value in values.items()),
        AWS_ENDPOINT_URL=cloud.endpoint,
    )  # fmt: skip
    return _stack(cloud, name)


def delete(cloud: Cloud, stack: Stack) -> None:
    """By CloudFormation itself: `sam delete` takes nested templates' addresses on AWS' own hosts alone."""
    cloudformation = cloud.client("cloudformation")
    cloudformation.delete_stack(StackName=stack.name)
    waiter = cloudformation.get_waiter("stack_delete_complete")
    waiter.wait(StackName=stack.name, WaiterConfig={"Delay": 1, "MaxAttempts": 60})


def run_migrations(cloud: Cloud, stack: Stack) -> dict[str, Any]:
    """What MigrateFunction reports. Raises DemoError with the function's own error."""
    answer = cloud.client("lambda").invoke(FunctionName=stack.migrate_function)
    said = json.loads(answer["Payload"].read())
    if "FunctionError" in answer:
        raise DemoError(f"the migrations failed: {said.get('errorMessage', said)}")
    report: dict[str, Any] = said
    return report


def sweep(cloud: Cloud, stack: Stack) -> None:
    """One tick, as the schedule would invoke it. A tick that fails, the next one makes good."""
    cloud.client("lambda").invoke(FunctionName=stack.sweep_function)


def handler_log(cloud: Cloud, stack: Stack, lines: int = 20) -> str:
    """The end of what the handler logged, START and REPORT lines included."""
    logs = cloud.client("logs")
    pages = logs.get_paginator("filter_log_events").paginate(logGroupName=stack.handler_log_group)
    events = [event["message"].rstrip() for page in pages for event in page["events"]]
    return "\n".join(events[-lines:]) or "(nothing)"


def architecture() -> str:
    """ministack runs the functions right here, so their wheels must be of this processor."""
    return "arm64" if platform.machine().lower() in {"arm64", "aarch64"} else "x86_64"


def _use_wheels_of_this_machine() -> None:
    """`sam build` fetches Linux' wheels, for Lambda; ministack would run them here."""
    for folder in (path for path in ARTEFACT.iterdir() if path.is_dir()):
        command = [
            str(ROOT / ".venv/bin/uv"), "pip", "install", "--quiet", "--reinstall", "--target", str(folder),
            "--python", str(TOOLS / "ministack/bin/python"), "--requirements", str(ROOT / "src/requirements.txt"),
        ]  # fmt: skip
        done = run_group(command, clean_environment("ministack"), SAM_SECONDS)
        if done.status != 0:
            failure = DemoError(f"uv could not install the functions' requirements:\n{done.output}")
            raise shortage(done.output) or failure


def _stack(cloud: Cloud, name: str) -> Stack:
    described = cloud.client("cloudformation").describe_stacks(StackName=name)["Stacks"][0]
    outputs = {output["OutputKey"]: output["OutputValue"] for output in described["Outputs"]}
    return Stack(
        name=name,
        bucket=outputs["Bucket"],
        queue_url=outputs["QueueUrl"],
        dead_letter_queue_url=outputs["DeadLetterQueueUrl"],
        handler_function=outputs["HandlerFunction"],
        handler_log_group=outputs["HandlerLogGroup"],
        migrate_function=outputs["MigrateFunction"],
        sweep_function=outputs["SweepFunction"],
    )


def _sam(command: str, *arguments: str, **environment: str) -> None:
    sam = TOOLS / "sam" / "bin" / "sam"
    if not sam.exists():
        raise DemoError(f"{sam} is missing: run `make tools-install`")
    environ = clean_environment("sam", SAM_CLI_TELEMETRY="0", **environment)
    done = run_group([str(sam), command, *arguments], environ, SAM_SECONDS)
    if done.status != 0:
        end = "\n".join(done.output.splitlines()[-OUTPUT_LINES:])
        raise shortage(done.output) or DemoError(f"sam {command} failed with status {done.status}:\n{end}")


def _fingerprint() -> str:
    """Of everything the artefact is made of."""
    digest = hashlib.sha256(architecture().encode())
    below = [path for folder in ("src", "layers", "templates") for path in sorted((ROOT / folder).rglob("*"))]
    for path in [ROOT / "template.yaml", *below]:
        if path.is_file() and not _is_left_out(path):
            digest.update(f"\0{path.relative_to(ROOT)}\0".encode())
            digest.update(path.read_bytes())
    return digest.hexdigest()


def _is_left_out(path: Path) -> bool:
    return any(part == "__pycache__" or part.endswith(".egg-info") for part in path.parts)


@contextmanager
def _one_at_a_time() -> Iterator[None]:
    """The demo and the tests may run at the same time, and they share the artefact."""
    with (WORK / "build.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
