"""`events/` and `events/env.json` as `sam local invoke` takes them, but for the container: that is RIE's here."""

import json
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

import pytest
from demo import deployment, sam_local, up
from demo.environment import DemoEnvironment
from demo.programs import TOOLS, clean_environment
from demo.samples import ENVIRONMENT, Sample, is_as_expected, samples
from tests.support.lambda_runtime import LambdaRuntime
from tests.support.template import ROOT

from ingestor.database import ConnectionParameters, Database

pytestmark = pytest.mark.skipif(
    sys.platform != "linux", reason="AWS builds the runtime interface emulator for Linux only"
)
NAMED = "host.docker.internal"


@pytest.fixture(scope="module")
def variables() -> dict[str, dict[str, str]]:
    """Of each function, with samconfig.toml's overrides."""
    config = tomllib.loads((ROOT / "samconfig.toml").read_text())["default"]["local_invoke"]["parameters"]
    assert (ROOT / config["env_vars"], config["add_host"]) == (ENVIRONMENT, [f"{NAMED}:host-gateway"])
    done = subprocess.run(
        [
            TOOLS / "sam/bin/python", Path(__file__).parents[1] / "support" / "sam_environment.py",
            ROOT / "template.yaml", ENVIRONMENT,
            *(each.replace('"', "") for each in config["parameter_overrides"]),
        ],
        env=clean_environment("sam", SAM_CLI_TELEMETRY="0"), capture_output=True, text=True, check=True,
    )  # fmt: skip
    resolved: dict[str, dict[str, str]] = json.loads(done.stdout)
    return resolved


@pytest.fixture(scope="module")
def environment() -> Iterator[tuple[DemoEnvironment, ConnectionParameters]]:
    """What `make up` starts, on ports of the test's own."""
    with up.demo_environment(up.Ports(), None) as started:
        yield started, up.prepare(started, None)


type Invoke = Callable[[Sample], Any]


@pytest.fixture(scope="module")
def invoke(
    variables: dict[str, dict[str, str]],
    environment: tuple[DemoEnvironment, ConnectionParameters],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Invoke]:
    deployment.build()
    started, database = environment
    here = {f"http://{NAMED}:{up.ports_of_environment().cloud}": started.cloud.endpoint, NAMED: database.host}
    runtimes: dict[str, LambdaRuntime] = {}
    with ExitStack() as stack:

        def run(sample: Sample) -> Any:  # noqa: ANN401 - whatever the function answers
            name = sample.function
            if name not in runtimes:
                given = dict(variables[name])
                for there, ours in here.items():
                    given = {key: value.replace(there, ours) for key, value in given.items()}
                given["DB_PORT"] = str(database.port)
                log = tmp_path_factory.mktemp("rie") / name
                runtime = LambdaRuntime(name, given, log)
                runtimes[name] = stack.enter_context(runtime)
            return runtimes[name].invoke(json.loads(sample.path.read_text()))

        yield run


def test_the_file_names_variables_that_the_template_declares(variables: dict[str, dict[str, str]]) -> None:
    """SAM leaves out all others without a word."""
    given = up.environment_variables()
    for name in ("HandlerFunction", "SweepFunction", "OperateFunction"):
        assert {key: variables[name].get(key) for key in given} == given


@pytest.mark.parametrize("sample", samples(), ids=lambda sample: sample.path.stem)
def test_each_event_is_answered_as_it_must_be(invoke: Invoke, sample: Sample) -> None:
    answer = invoke(sample)
    assert is_as_expected(sample, answer), answer


def test_what_they_name_is_loaded_then(
    invoke: Invoke, environment: tuple[DemoEnvironment, ConnectionParameters]
) -> None:
    (several,) = (sample for sample in samples() if sample.path.stem == "s3_several_records")
    assert is_as_expected(several, invoke(several))
    with (
        closing(Database(lambda: environment[1], "public")) as database,
        database.transaction() as connection,
    ):
        loaded = connection.execute(
            "SELECT s3_key, rows_loaded FROM files WHERE status = 'COMPLETED'"
        ).fetchall()
    assert {(f"logs/pino-http-{n}.json.gz", rows) for n, rows in ((1, 2227), (2, 2227), (3, 2228))} <= set(
        loaded
    )


def test_without_docker_it_is_said_what_is_missing(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.setattr(sam_local, "drop_foreign_settings", lambda: None)  # of this whole test run
    assert sam_local.main() == 1
    said = " ".join(capsys.readouterr().out.split())
    assert "Docker is not here, or not running" in said
    assert "`make test` runs the same built artefact" in said
