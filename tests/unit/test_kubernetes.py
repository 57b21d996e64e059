"""The manifests name what there is: our command's options, our variables, or AWS' own."""

from pathlib import Path
from typing import Any

import click
import pytest
import yaml

from ingestor.cli.commands.run import run_command
from ingestor.cli.main import main
from ingestor.settings import Settings

FOLDER = Path(__file__).parents[2] / "deploy" / "kubernetes"
AWS_OWN = {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"}
OURS = {field.upper() for field in Settings.model_fields}


def pod(manifest: str) -> dict[str, Any]:
    spec = yaml.safe_load((FOLDER / manifest).read_text())["spec"]
    found: dict[str, Any] = spec.get("jobTemplate", {}).get("spec", spec)["template"]["spec"]
    return found


@pytest.mark.parametrize("manifest", ["cronjob.yaml", "loop.yaml"])
def test_its_arguments_are_a_run_that_the_command_takes(manifest: str) -> None:
    command, *arguments = pod(manifest)["containers"][0]["args"]
    assert command == "run"
    context = run_command.make_context("run", arguments, parent=click.Context(main, **main.context_settings))
    assert context.params["bucket"] == "$(BUCKET)"


@pytest.mark.parametrize("manifest", ["cronjob.yaml", "loop.yaml"])
def test_its_variables_are_settings_and_secrets_come_from_secrets(manifest: str) -> None:
    variables = {each["name"]: each for each in pod(manifest)["containers"][0]["env"]}
    assert set(variables) <= OURS | AWS_OWN
    assert {"AWS_REGION", "DB_HOST", "DB_PORT", "DB_USERNAME", "DB_PASSWORD", "BUCKET"} <= set(variables)
    for name in ("DB_PASSWORD", "AWS_SECRET_ACCESS_KEY"):
        assert "secretKeyRef" in variables[name]["valueFrom"]


def test_a_loop_repeats_and_a_cron_job_does_not() -> None:
    assert "--every" in pod("loop.yaml")["containers"][0]["args"]
    assert "--every" not in pod("cronjob.yaml")["containers"][0]["args"]


def test_the_images_context_holds_what_its_build_copies() -> None:
    root = FOLDER.parents[1]
    kept = {
        line.removeprefix("!")
        for line in (root / ".dockerignore").read_text().splitlines()
        if line[:1] == "!"
    }
    copied = {
        name
        for line in (root / "Dockerfile").read_text().splitlines()
        if line.startswith("COPY ") and "--from" not in line
        for name in line.split()[1:-1]
    }
    assert copied <= kept
    assert all((root / name).exists() for name in kept)
