"""A stack deployed before is updated in place: what holds messages, logs or names stays where it is.

`template-resources.json` has the resources, by logical id, of the template before monitoring had one of its own.
"""

import json
from pathlib import Path

from tests.support.template import ROOT, template

BEFORE: dict[str, str] = json.loads((Path(__file__).parents[1] / "data/template-resources.json").read_text())
ROOT_RESOURCES = template()["Resources"]
MONITORING = template(ROOT / "templates/monitoring.yaml")["Resources"]


def types(resources: dict[str, dict[str, str]]) -> dict[str, str]:
    return {name: resource["Type"] for name, resource in resources.items()}


def test_every_resource_is_still_there() -> None:
    now = types({**ROOT_RESOURCES, **MONITORING})
    assert {name: now.get(name) for name in BEFORE} == BEFORE


def test_only_monitoring_moved_to_a_stack_of_its_own() -> None:
    moved = {BEFORE[name] for name in BEFORE if name not in ROOT_RESOURCES}
    assert moved == {"AWS::CloudWatch::Alarm", "AWS::CloudWatch::Dashboard", "AWS::Logs::QueryDefinition"}


def test_a_moved_resource_has_a_new_name_or_none() -> None:
    """CloudFormation creates the new one first and deletes the old one last: by the same name, the new one."""
    names = {
        resource["Properties"].get(key, {}).get("Fn::Sub")
        for resource in MONITORING.values()
        for key in ("AlarmName", "DashboardName", "Name")
    } - {None}
    assert names == {"${Name}-overview", "${Name}/failures by reason", "${Name}/history of one object"}
