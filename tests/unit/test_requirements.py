"""What the functions are built from, against what the package says it needs."""

import re
import tomllib
from pathlib import Path

import pytest
from packaging.specifiers import SpecifierSet

ROOT = Path(__file__).parents[2]
FILES = ("src", "layers/console")
FROM_THE_RUNTIME = {"boto3", "botocore", "s3transfer"}


def distribution(requirement: str) -> str:
    found = re.match(r"[A-Za-z0-9._-]+", requirement)
    assert found, requirement
    return found.group().lower()


def required(folder: str) -> list[str]:
    lines = (ROOT / folder / "requirements.in").read_text().splitlines()
    return [line for line in lines if line and not line.startswith("#")]


def text_of(folder: str) -> str:
    return (ROOT / folder / "requirements.txt").read_text()


def pinned(folder: str) -> dict[str, str]:
    return dict(re.findall(r"^([a-z0-9._-]+)==(\S+)", text_of(folder), flags=re.MULTILINE))


def test_the_functions_and_the_package_ask_for_the_same_versions() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = [*project["dependencies"], *project["optional-dependencies"]["lambda"]]
    ours = {each for folder in FILES for each in required(folder)}
    assert ours == {each for each in wanted if distribution(each) not in FROM_THE_RUNTIME}


@pytest.mark.parametrize("folder", FILES)
def test_every_requirement_is_pinned_with_hashes(folder: str) -> None:
    assert {distribution(each) for each in required(folder)} <= {
        re.sub(r"\[.*", "", name) for name in pinned(folder)
    }
    blocks = re.split(r"\n(?=[a-z])", text_of(folder))
    assert [block for block in blocks if "==" in block and "--hash=sha256:" not in block] == []


@pytest.mark.parametrize("folder", FILES)
def test_what_the_runtime_brings_is_not_in_the_artefact(folder: str) -> None:
    assert pinned(folder).keys() & FROM_THE_RUNTIME == set()


def test_the_layer_and_the_functions_agree_where_both_pin() -> None:
    functions, layer = (pinned(folder) for folder in FILES)
    assert {name: functions[name] for name in functions.keys() & layer} == {
        name: layer[name] for name in functions.keys() & layer
    }


@pytest.mark.parametrize("folder", FILES)
def test_no_download_address_is_written_down(folder: str) -> None:
    assert "://" not in text_of(folder)
    assert "--index-url" not in text_of(folder)


def test_each_interpreter_that_make_takes_is_one_that_the_package_admits() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    [versions] = re.findall(r'real "\$PYTHON" "([\d. ]+)"', (ROOT / "tools" / "find_python.sh").read_text())
    assert versions.split() == ["3.13", "3.14"]
    assert all(version in SpecifierSet(project["requires-python"]) for version in versions.split())
