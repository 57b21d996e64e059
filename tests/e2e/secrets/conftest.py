"""The environment of each scenario, with an AWS that refuses."""

from collections.abc import Iterator, Mapping

import pytest
from tests.support.echoing_aws import EchoingAws, echoing_aws
from tests.support.secret_scenarios import SCENARIOS, Installation

from handler import operate, sweep
from handler.runtime import runtime
from ingestor.database import ConnectionParameters


@pytest.fixture(scope="module")
def aws() -> Iterator[EchoingAws]:
    with echoing_aws() as started:
        yield started


@pytest.fixture
def place(database_parameters: ConnectionParameters, aws: EchoingAws) -> Installation:
    aws.secret = None
    return Installation(database_parameters, aws)


@pytest.fixture(params=SCENARIOS)
def trouble(
    request: pytest.FixtureRequest, place: Installation, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Mapping[str, str]]:
    variables = SCENARIOS[request.param](place)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    caches = (runtime, sweep.sweep_runtime, operate._logger)
    for each in caches:
        each.cache_clear()
    yield variables
    if runtime.cache_info().currsize:
        runtime().worker.database.close()
    if sweep.sweep_runtime.cache_info().currsize:
        sweep.sweep_runtime().context.database.close()
    for each in caches:
        each.cache_clear()
