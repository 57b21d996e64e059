"""docs/reference says what `--help` and the settings say now; `make docs` writes it."""

import re

import click
import pytest
from tests.support.documents import code_spans, table_rows
from tests.unit.test_readme import commands
from tools.reference import FOLDER, commands_page, settings_page

from ingestor.cli import main
from ingestor.settings import Settings

COMMANDS = (FOLDER / "commands.md").read_text()
SETTINGS = (FOLDER / "settings.md").read_text()


def test_the_commands_are_what_their_help_says() -> None:
    assert commands_page() == COMMANDS, "out of date: run make docs"


def test_the_settings_are_what_their_model_says() -> None:
    assert settings_page() == SETTINGS, "out of date: run make docs"


@pytest.mark.parametrize("name", sorted(commands()))
def test_each_command_is_named_with_its_options_and_arguments(name: str) -> None:
    [section] = re.findall(rf"^## ingestor {name}\n(.*?)(?=^## |\Z)", COMMANDS, re.MULTILINE | re.DOTALL)
    for parameter in commands()[name].params:
        if isinstance(parameter, click.Argument):
            assert str(parameter.metavar) in section
        else:
            assert parameter.opts[0] in section
    assert "--json" in section


def test_each_option_of_all_commands_is_named() -> None:
    [section] = re.findall(r"^## ingestor\n(.*?)(?=^## )", COMMANDS, re.MULTILINE | re.DOTALL)
    assert [each.opts[0] for each in main.params if each.opts[0] not in section] == []


@pytest.mark.parametrize("name", list(Settings.model_fields))
def test_each_variable_has_one_row_that_says_what_it_means(name: str) -> None:
    [(_, _, meaning)] = [row for row in table_rows(SETTINGS) if row[0] == f"`{name.upper()}`"]
    assert len(meaning) > 10
    assert meaning[0].isupper()
    assert meaning.endswith(".")


def test_the_variables_are_in_the_order_of_the_settings() -> None:
    listed = [row[0].strip("`").lower() for row in table_rows(SETTINGS) if row[0].startswith("`")]
    assert listed == list(Settings.model_fields)


def test_what_a_variable_says_of_others_is_true() -> None:
    named = re.findall(r"\b[A-Z][A-Z0-9]*_[A-Z0-9_]+\b", SETTINGS)
    assert {name for name in named if not name.endswith("_")} <= {
        name.upper() for name in Settings.model_fields
    }


def test_the_commands_that_a_meaning_names_are_there() -> None:
    named = {span.split(" ")[1] for span in code_spans(SETTINGS) if re.match(r"ingestor [a-z]", span)}
    assert named <= commands().keys()
