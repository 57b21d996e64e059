"""An installation for each test, and one zygote for all of them."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.faults.arena import Arena
from tests.faults.aws import Aws, ministack, moto, wait_until_it_listens
from tests.faults.scale import SCALE
from tests.faults.workers import Workers

from ingestor.database import ConnectionParameters

type MakeArena = Callable[..., Arena]


def pytest_report_header() -> str:
    return f"faults: FAULT_SEED={SCALE.seed}, {'long' if SCALE.is_long else 'short'}"


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A storm takes as long as it was asked to; what hangs is ended all the same."""
    if SCALE.is_long:
        for item in items:
            if item.path.is_relative_to(Path(__file__).parent) and item.get_closest_marker("timeout") is None:
                item.add_marker(pytest.mark.timeout(2 * SCALE.seconds + 1_800))


@pytest.fixture(scope="session")
def machinery(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Workers, Aws]]:
    """Both start at once."""
    folder = tmp_path_factory.mktemp("faults-logs")
    start = ministack if SCALE.is_long else moto
    with Workers(folder / "workers.log") as workers, start(folder) as aws:
        wait_until_it_listens(aws)
        yield workers, aws


@pytest.fixture(scope="session")
def workers(machinery: tuple[Workers, Aws]) -> Workers:
    return machinery[0]


@pytest.fixture(scope="session")
def aws(machinery: tuple[Workers, Aws]) -> Aws:
    return machinery[1]


@pytest.fixture
def make_arena(
    aws: Aws, database_parameters: ConnectionParameters, workers: Workers, unique_name: Callable[[str], str]
) -> MakeArena:
    """The workers forked from now on work in it."""

    def make(**settings: str) -> Arena:
        arena = Arena(database_parameters, aws.endpoint, unique_name("faults"), settings)
        workers.arrange(arena.environment)
        return arena

    return make


@pytest.fixture
def report(
    request: pytest.FixtureRequest, record_property: Callable[[str, object], None]
) -> Callable[..., None]:
    """A run's figures: shown at the end, passed or not, and appended to the file that FAULT_REPORT names."""

    def tell(**figures: Any) -> None:  # noqa: ANN401 - whatever JSON takes
        said = json.dumps({"test": request.node.name, "seed": SCALE.seed, **figures})
        record_property("figures", said)
        if SCALE.report is not None:
            with Path(SCALE.report).open("a") as file:
                file.write(f"{said}\n")

    return tell


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    ended = [*terminalreporter.stats.get("passed", []), *terminalreporter.stats.get("failed", [])]
    for each in ended:
        for name, said in each.user_properties:
            if name == "figures":
                terminalreporter.write_line(said)
