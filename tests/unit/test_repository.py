"""The files around the code say what the code does."""

from pathlib import Path

import yaml

ROOT = Path(__file__).parents[2]


def test_a_commit_is_checked_by_what_make_check_runs() -> None:
    config = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())
    hooks = {hook["entry"] for repo in config["repos"] for hook in repo["hooks"]}
    assert {repo["repo"] for repo in config["repos"]} == {"local"}
    assert "make check" in hooks


def test_the_workflow_runs_what_ci_runs() -> None:
    workflow = yaml.safe_load((ROOT / ".github/workflows/ci.yml").read_text())
    commands = [step["run"] for job in workflow["jobs"].values() for step in job["steps"] if "run" in step]
    assert commands == [".ci/run"]
    assert (ROOT / ".ci/run").exists()


def test_the_licence_is_the_one_that_the_package_names() -> None:
    assert (ROOT / "LICENSE").read_text().startswith("MIT License")
    assert 'license = "MIT"' in (ROOT / "pyproject.toml").read_text()


def test_the_recording_fetches_nothing_and_ends_as_expected() -> None:
    picture = (ROOT / "docs" / "demo.svg").read_text()
    assert "url(http" not in picture
    assert "@font-face" not in picture
    assert "Result" in picture
    assert "COMPLETED" in picture
