"""samconfig.toml against the template: every environment can be deployed as it stands, and says what it sets."""

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
from tests.support.template import template

TEXT = (Path(__file__).parents[2] / "samconfig.toml").read_text()
CONFIG = tomllib.loads(TEXT)
ENVIRONMENTS = ("dev", "staging", "prod")


def overrides(environment: str) -> dict[str, str]:
    pairs = (
        each.split("=", 1) for each in CONFIG[environment]["deploy"]["parameters"]["parameter_overrides"]
    )
    return {name: value.strip('"') for name, value in pairs}


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_each_parameter_is_the_templates_and_its_value_allowed(environment: str) -> None:
    parameters: dict[str, Any] = template()["Parameters"]
    for name, value in overrides(environment).items():
        allowed = parameters[name].get("AllowedValues")
        assert allowed is None or value in map(str, allowed), name
        assert re.fullmatch(parameters[name].get("AllowedPattern", ".*"), value), name


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_sizes_concurrency_retention_log_level_and_alarms_are_chosen_for_each(environment: str) -> None:
    chosen = {"MemorySize", "MaximumConcurrency", "LogRetentionDays", "LogLevel", "Alarms"}
    assert chosen <= overrides(environment).keys()


def test_each_environment_is_a_stack_of_its_own() -> None:
    names = [CONFIG[each]["deploy"]["parameters"]["stack_name"] for each in ("default", *ENVIRONMENTS)]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("environment", ["default", *ENVIRONMENTS])
def test_each_may_make_what_the_template_makes(environment: str) -> None:
    granted = CONFIG[environment]["deploy"]["parameters"]["capabilities"].split()
    assert {"CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"} <= set(granted)
