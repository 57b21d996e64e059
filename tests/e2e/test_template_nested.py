"""What only some need, templates of their own: read from the very files that are deployed."""

import tomllib
from typing import Any

import pytest
from tests.support.template import ROOT, environment, properties, template

ON_REQUEST = {"AuroraStack": "Aurora", "EndpointsStack": "VpcEndpoints"}
NESTED = {
    "AuroraStack": "templates/aurora.yaml",
    "EndpointsStack": "templates/endpoints.yaml",
    "MonitoringStack": "templates/monitoring.yaml",
}


def nested(stack: str) -> dict[str, Any]:
    return template(ROOT / NESTED[stack])


def aurora(resource: str) -> dict[str, Any]:
    found: dict[str, Any] = nested("AuroraStack")["Resources"][resource]["Properties"]
    return found


def dev() -> dict[str, str]:
    config = tomllib.loads((ROOT / "samconfig.toml").read_text())
    pairs = (each.split("=", 1) for each in config["dev"]["deploy"]["parameters"]["parameter_overrides"])
    return {name: value.strip('"') for name, value in pairs}


def test_every_file_there_is_used() -> None:
    assert {str(path.relative_to(ROOT)) for path in (ROOT / "templates").iterdir()} == set(NESTED.values())
    assert {properties(stack)["TemplateURL"] for stack in NESTED} == set(NESTED.values())


@pytest.mark.parametrize("stack", NESTED)
def test_it_is_given_each_parameter_that_it_takes(stack: str) -> None:
    assert properties(stack)["Parameters"].keys() == nested(stack)["Parameters"].keys()


@pytest.mark.parametrize("stack", ON_REQUEST)
def test_it_is_made_on_request_alone(stack: str) -> None:
    assert "Condition" in template()["Resources"][stack]
    assert template()["Parameters"][ON_REQUEST[stack]]["Default"] == "false"


@pytest.mark.parametrize("stack", NESTED)
def test_what_is_read_from_it_is_what_it_tells(stack: str) -> None:
    text = (ROOT / "template.yaml").read_text()
    read = {line.split(f"{stack}.Outputs.")[1] for line in text.splitlines() if f"{stack}.Outputs." in line}
    told = nested(stack).get("Outputs", {}).keys()
    assert {name.split(",")[0].split("]")[0].strip() for name in read} == told


def test_a_database_at_rest_can_pause_and_is_waited_for_when_it_wakes() -> None:
    parameters = aurora("ClusterParameters")["Parameters"]
    assert parameters["idle_session_timeout"] == {"Fn::If": ["Pauses", "60000", "0"]}
    assert aurora("Cluster")["ServerlessV2ScalingConfiguration"]["SecondsUntilAutoPause"]["Fn::If"][:2] == [
        "Pauses",
        300,
    ]
    assert environment("HandlerFunction")["DB_CONNECT_TIMEOUT"] == {"Fn::If": ["AuroraPauses", "60", "10"]}
    assert (dev()["AuroraMinCapacity"], dev()["SweepSchedule"]) == ("0", "rate(1 hour)")
    assert dev().get("AuroraProxy", template()["Parameters"]["AuroraProxy"]["Default"]) == "false"


def test_the_database_is_encrypted_private_and_leaves_a_snapshot() -> None:
    cluster = nested("AuroraStack")["Resources"]["Cluster"]
    assert (cluster["DeletionPolicy"], cluster["UpdateReplacePolicy"]) == ("Snapshot", "Snapshot")
    assert cluster["Properties"]["StorageEncrypted"] is True
    assert cluster["Properties"]["ManageMasterUserPassword"] is True
    assert aurora("ClusterParameters")["Parameters"]["rds.force_ssl"] == "1"
    assert aurora("Instance")["PubliclyAccessible"] is False


def test_the_database_lets_in_the_functions_and_its_proxy_alone() -> None:
    (allowed,) = aurora("DatabaseSecurityGroup")["SecurityGroupIngress"]
    assert allowed["SourceSecurityGroupId"] == {"Fn::GetAtt": "FunctionsSecurityGroup.GroupId"}
    assert aurora("ProxyToDatabase")["SourceSecurityGroupId"] == {"Fn::GetAtt": "ProxySecurityGroup.GroupId"}


def test_the_tables_are_made_once_there_is_a_way_to_answer() -> None:
    assert "EndpointsStack.Outputs.Ready" in str(properties("Schema")["Endpoints"])
