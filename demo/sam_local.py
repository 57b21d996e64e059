"""`make sam-local`: every event of `events/` through the built artefact in Lambda's own container image.

Needs Docker, and that image from AWS' public registry. Exit status 0: each was answered as it must be.
"""

import json
import re
import sys
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory, TemporaryFile
from typing import Any
from urllib.parse import urlsplit

from demo import deployment, up
from demo.containers import Reach, docker_runs, firewall_hint, reach, remove_container
from demo.environment import drop_foreign_settings
from demo.programs import TOOLS, DemoError, clean_environment, run_group
from demo.samples import Sample, is_as_expected, samples
from rich.console import Console
from rich.markup import escape

from ingestor.errors import IngestorError

SAM = TOOLS / "sam/bin/sam"
INVOKE_SECONDS = 600
"""The first one fetches the image; with SAM_SKIP_PULL_IMAGE=true it has to be there."""
SHOWN_CHARACTERS = 2_000
SHOWN_ANSWER = 120

NO_DOCKER = """\
Docker is not here, or not running: `docker info` fails. `sam local invoke` runs a function in a container of it.
Start Docker and run `make sam-local` again. Without it, `make test` runs the same built artefact with the same events
and the same events/env.json under AWS' runtime interface emulator."""

_TIMED_OUT = re.compile(r"time[- ]?out|timed out|Connection refused|No route to host", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Target:
    """What the functions are made of, and where they find PostgreSQL, S3 and SQS.

    `cloud_endpoint` is the cloud as this machine sees it: SAM asks STS there who we are. Without an endpoint it asks
    AWS, with credentials that nobody has, for nine seconds.
    """

    artefact: Path
    variables_file: Path
    cloud_endpoint: str

    @property
    def variables(self) -> dict[str, str]:
        found: dict[str, str] = json.loads(self.variables_file.read_text())["Parameters"]
        return found


@dataclass(frozen=True, slots=True)
class Answer:
    """`value`: what the function returned; `log`: all that it and SAM said."""

    value: Any
    log: str


def invoke(sample: Sample, target: Target) -> Answer:
    """Leaves no container behind, however it ends. Raises DemoError with the end of what SAM said."""
    command = [
        str(SAM), "local", "invoke", sample.function,
        "--template-file", str(target.artefact / "template.yaml"),
        "--event", str(sample.path), "--env-vars", str(target.variables_file),
        "--add-host", "host.docker.internal:host-gateway",
        "--parameter-overrides", f"Architecture={deployment.architecture()}",
        f"AwsEndpointUrl={target.variables['AWS_ENDPOINT_URL']}",
    ]  # fmt: skip
    with TemporaryFile("w+", errors="replace") as said:
        try:
            done = run_group(command, _environment(target), INVOKE_SECONDS, stderr=said)
        finally:
            said.seek(0)
            remove_container(said.read())
    # The answer alone is on standard output. The container's log, on the other, may go on after it.
    last = done.stdout.strip().rpartition("\n")[2]
    try:
        return Answer(json.loads(last), done.stderr)
    except ValueError:
        raise DemoError(f"{sample.path.name}: {done.output[-SHOWN_CHARACTERS:]}") from None


def _environment(target: Target) -> dict[str, str]:
    host = urlsplit(target.cloud_endpoint).hostname or ""
    usual = clean_environment("sam", SAM_CLI_TELEMETRY="0", AWS_ENDPOINT_URL=target.cloud_endpoint)
    return usual | {name: f"{usual[name]},{host}" for name in ("NO_PROXY", "no_proxy")}


def run(out: Console, found: Reach) -> bool:
    """Whether each answer was as it must be. Raises DemoError and IngestorError."""
    if found.obstacle is not None:
        raise DemoError(found.obstacle)
    bridge = found.bridge
    artefact = deployment.build_for_containers()
    ports = up.free_ports(bridge)
    if ports != up.ports_of_environment():
        out.print(
            "Somebody has a port of events/env.json (is `make up` running?): "
            f"PostgreSQL is at {ports.postgres} this time, S3 and SQS at {ports.cloud}."
        )
    with (
        up.demo_environment(ports, bridge) as environment,
        TemporaryDirectory(prefix="ingestor-sam-") as folder,
    ):
        up.prepare(environment, bridge)
        variables_file = Path(folder) / "env.json"
        variables_file.write_text(json.dumps({"Parameters": up.environment_at(ports)}))
        target = Target(artefact, variables_file, environment.cloud.endpoint)
        hint = firewall_hint(bridge, ports.postgres, ports.cloud) if bridge else ""
        return all([_is_well(out, sample, target, hint) for sample in samples()])  # noqa: C419 - each is tried


def _is_well(out: Console, sample: Sample, target: Target, hint: str) -> bool:
    try:
        answer = invoke(sample, target)
    except DemoError as error:
        raise DemoError(f"{error}\n{_advice(str(error), hint)}".rstrip()) from error
    well = is_as_expected(sample, answer.value)
    mark = "[green]as it must be[/]" if well else "[red]not as it must be[/]"
    value = escape(json.dumps(answer.value)[:SHOWN_ANSWER])
    out.print(f"{sample.path.name:36} {sample.function:16} {mark}  {value}")
    if not well:
        out.print(escape(f"{answer.log[-SHOWN_CHARACTERS:]}\n{_advice(answer.log, hint)}".rstrip()))
    return well


def _advice(log: str, hint: str) -> str:
    return hint if _TIMED_OUT.search(log) else ""


def main() -> int:
    out = Console(highlight=False, soft_wrap=True)
    drop_foreign_settings()
    if not docker_runs():
        out.print(NO_DOCKER, style="yellow")
        return 1
    try:
        return 0 if run(out, reach()) else 1
    except (DemoError, IngestorError) as error:
        out.print(f"[red]make sam-local:[/] {escape(str(error))}")
        return 1
    except KeyboardInterrupt:
        out.print("\nstopped")
        return 130


if __name__ == "__main__":
    sys.exit(main())
