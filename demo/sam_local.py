"""`make sam-local`: every event of `events/` through the built artefact in Lambda's own container image.

Needs Docker, and that image from AWS' public registry. Exit status 0: each was answered as it must be.
"""

import json
import sys
from typing import Any

from demo import deployment, up
from demo.programs import TOOLS, DemoError, clean_environment, run_group
from demo.samples import ENVIRONMENT, Sample, is_as_expected, samples
from demo.surroundings import drop_foreign_settings
from rich.console import Console
from rich.markup import escape

from ingestor.errors import IngestorError

INVOKE_SECONDS = 600
"""The first one fetches the image."""

NO_DOCKER = """\
Docker is not here, or not running: `docker info` fails. `sam local invoke` runs a function in a container of it.
Start Docker and run `make sam-local` again. Without it, `make test` runs the same built artefact with the same events
and the same events/env.json under AWS' runtime interface emulator."""


def invoke(sample: Sample) -> Any:  # noqa: ANN401 - whatever the function answers
    """Raises DemoError with the end of what SAM said."""
    command = [
        str(TOOLS / "sam/bin/sam"), "local", "invoke", sample.function,
        "--template-file", str(deployment.ARTEFACT / "template.yaml"),
        "--event", str(sample.path), "--env-vars", str(ENVIRONMENT),
        "--add-host", "host.docker.internal:host-gateway",
        "--parameter-overrides", f"Architecture={deployment.architecture()}",
        f"AwsEndpointUrl={up.environment()['AWS_ENDPOINT_URL']}",
    ]  # fmt: skip
    done = run_group(command, clean_environment("sam", SAM_CLI_TELEMETRY="0"), INVOKE_SECONDS)
    last = done.output.strip().rpartition("\n")[2]
    try:
        return json.loads(last)
    except ValueError:
        raise DemoError(f"{sample.path.name}: {done.output[-2_000:]}") from None


def run(out: Console) -> bool:
    deployment.build()
    seen = up.bridge()
    failed = 0
    with up.surroundings(up.ports_of_environment(), seen) as around:
        up.prepare(around, seen)
        for sample in samples():
            answer = invoke(sample)
            well = is_as_expected(sample, answer)
            failed += not well
            mark = "[green]as it must be[/]" if well else "[red]not as it must be[/]"
            out.print(
                f"{sample.path.name:36} {sample.function:16} {mark}  {escape(json.dumps(answer)[:120])}"
            )
    return failed == 0


def main() -> int:
    out = Console(highlight=False, soft_wrap=True)
    drop_foreign_settings()
    if not up.docker_runs():
        out.print(NO_DOCKER, style="yellow")
        return 1
    try:
        return 0 if run(out) else 1
    except (DemoError, IngestorError) as error:
        out.print(f"[red]make sam-local:[/] {escape(str(error))}")
        return 1
    except KeyboardInterrupt:
        out.print("\nstopped")
        return 130


if __name__ == "__main__":
    sys.exit(main())
