"""The Terraform module gives the template parameters that it has, and uses each of its own variables."""

import re
from typing import Any

import hcl2
from tests.support.documents import ROOT, fenced_blocks
from tests.support.template import template

TEXT = (ROOT / "deploy/terraform/main.tf").read_text()
MODULE: dict[str, list[dict[str, Any]]] = hcl2.loads(TEXT)
VARIABLES = {name.strip('"') for block in MODULE["variable"] for name in block}


def stack() -> dict[str, Any]:
    [resource] = MODULE["resource"]
    found: dict[str, Any] = resource['"aws_cloudformation_stack"']['"ingestor"']
    return found


def test_its_parameters_are_those_of_the_template() -> None:
    assert len(stack()["parameters"]) > 1
    assert stack()["parameters"].keys() <= template()["Parameters"].keys()


def test_it_uses_each_variable_and_no_other() -> None:
    assert set(re.findall(r"\bvar\.(\w+)", str(stack()))) == VARIABLES


def test_it_may_create_roles_and_expand_what_sam_wrote() -> None:
    allowed = [each.strip('"') for each in stack()["capabilities"]]
    assert allowed == ["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"]


def test_its_page_gives_it_variables_that_it_has() -> None:
    [block] = fenced_blocks(ROOT / "deploy/terraform/README.md", "hcl")
    given = {name for name in re.findall(r"^  (\w+) +=", block.text, re.MULTILINE) if name != "source"}
    needed = {
        name.strip('"')
        for variable in MODULE["variable"]
        for name, body in variable.items()
        if "default" not in body
    }
    assert needed <= given <= VARIABLES
