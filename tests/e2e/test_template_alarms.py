"""Every alarm watches something that is really measured, and says where to read on."""

import re
from datetime import datetime
from typing import Any, get_type_hints

import pytest
from tests.support.template import ROOT, template

from handler.sweep import _COUNTED, _camel_case
from ingestor.sweep import Gauges

MONITORING = template(ROOT / "templates" / "monitoring.yaml")
RUNBOOK = (ROOT / "docs" / "runbook.md").read_text()
CODE = "".join(path.read_text() for path in (ROOT / "src" / "handler").glob("*.py"))
GAUGES = {name for name, type_ in get_type_hints(Gauges).items() if type_ is not datetime}
OURS = (
    {_camel_case(name) for name in GAUGES}
    | {_camel_case(f"{step}_{name}") for step, names in _COUNTED.items() for name in names}
    | set(re.findall(r'count\("(\w+)"', CODE))
)


def alarms() -> dict[str, dict[str, Any]]:
    return {
        name: resource["Properties"]
        for name, resource in MONITORING["Resources"].items()
        if resource["Type"] == "AWS::CloudWatch::Alarm"
    }


def metrics(alarm: dict[str, Any]) -> set[str]:
    """Of ours that it watches."""
    return {alarm["MetricName"]} if alarm["Namespace"] == "Ingestor" else set()


def test_there_are_alarms_for_all_that_can_go_wrong() -> None:
    assert len(alarms()) == 9


@pytest.mark.parametrize("name", alarms())
def test_an_alarm_names_a_section_of_the_runbook(name: str) -> None:
    heading = alarms()[name]["AlarmDescription"].partition("docs/runbook.md, ")[2]
    assert f"\n## {heading}\n" in RUNBOOK


@pytest.mark.parametrize("name", alarms())
def test_an_alarm_watches_what_the_functions_measure(name: str) -> None:
    assert metrics(alarms()[name]) <= OURS


def test_the_dashboard_shows_what_the_functions_measure() -> None:
    body = MONITORING["Resources"]["Dashboard"]["Properties"]["DashboardBody"]["Fn::Sub"]
    ours, name = set(), ""
    for namespace, metric in re.findall(r'\["([^"]+)", "(\w+)"', body):
        name = name if namespace == "." else namespace
        ours |= {metric} if name == "Ingestor" else set()
    assert ours
    assert ours <= OURS


def test_each_metric_is_explained_and_no_other() -> None:
    section = RUNBOOK.partition("\n## What is measured\n")[2].partition("\n## ")[0]
    assert set(re.findall(r"`([A-Z]\w+)`", section)) - {"Ingestor"} == OURS


def test_two_stacks_of_an_account_do_not_share_their_metrics() -> None:
    shared = template()["Globals"]["Function"]["Environment"]["Variables"]
    assert shared["POWERTOOLS_SERVICE_NAME"] == {"Ref": "AWS::StackName"}
