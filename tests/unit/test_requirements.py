"""What the functions are built from, against what the package says it needs."""

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]
# With the runtime, or in nothing the functions run: the command line's.
NOT_IN_THE_FUNCTIONS = {"boto3", "click", "rich"}
FROM_THE_RUNTIME = {"boto3", "botocore", "s3transfer"}


def distribution(requirement: str) -> str:
    found = re.match(r"[A-Za-z0-9._-]+", requirement)
    assert found, requirement
    return found.group().lower()


def required() -> list[str]:
    lines = (ROOT / "src" / "requirements.in").read_text().splitlines()
    return [line for line in lines if line and not line.startswith("#")]


def pinned() -> dict[str, str]:
    text = (ROOT / "src" / "requirements.txt").read_text()
    return dict(re.findall(r"^([a-z0-9._-]+)==(\S+)", text, flags=re.MULTILINE))


def test_the_functions_and_the_package_ask_for_the_same_versions() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = [*project["dependencies"], *project["optional-dependencies"]["lambda"]]
    of_functions = {each for each in wanted if distribution(each) not in NOT_IN_THE_FUNCTIONS}
    assert set(required()) == of_functions


def test_every_requirement_is_pinned_with_hashes() -> None:
    assert {distribution(each) for each in required()} <= pinned().keys()
    blocks = re.split(r"\n(?=[a-z])", (ROOT / "src" / "requirements.txt").read_text())
    assert [block for block in blocks if "==" in block and "--hash=sha256:" not in block] == []


def test_what_the_runtime_brings_is_not_in_the_artefact() -> None:
    assert pinned().keys() & FROM_THE_RUNTIME == set()


def test_no_download_address_is_written_down() -> None:
    text = (ROOT / "src" / "requirements.txt").read_text()
    assert "://" not in text
    assert "--index-url" not in text
