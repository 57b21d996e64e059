"""The README names what there is, and nothing that isn't there."""

import re
from enum import Enum
from pathlib import Path

import click
import pytest
from tests.documents import DOCUMENTS, README, ROOT, code_spans, command_lines, section, table_rows

from ingestor.cli import main
from ingestor.model.columns import COLUMNS
from ingestor.settings import KIB, MIB, Settings

TEXT = README.read_text()
SPANS = set(code_spans(TEXT))
MAX_LINES = 280

MIGRATIONS = "".join(path.read_text() for path in sorted((ROOT / "src/ingestor/database/sql").glob("*.sql")))
LEDGER = {"processed_files", "files"}
"""Their columns are for the curious: the README names those that people ask for, and `\\d+` explains the others."""


def commands() -> dict[str, click.Command]:
    return dict(main.commands)


def variables() -> set[str]:
    return {name.upper() for name in Settings.model_fields}


def make_targets() -> set[str]:
    return set(re.findall(r"^([a-z0-9-]+):.*## ", (ROOT / "Makefile").read_text(), re.MULTILINE))


def tables() -> dict[str, list[str]]:
    """The tables of the migrations, each with its columns."""
    found = re.findall(r"^CREATE TABLE (\w+) \((.*?)^\)", MIGRATIONS, re.MULTILINE | re.DOTALL)
    return {name: re.findall(r"^    ([a-z_]+) +[a-z]", body, re.MULTILINE) for name, body in found}


def default_of(name: str) -> str:
    """As the README writes it."""
    default = Settings.model_fields[name].default
    if isinstance(default, Enum):
        return f"`{default.value}`"
    if isinstance(default, bool):
        return "yes" if default else "no"
    if name.endswith("_bytes"):
        return f"{default // MIB} MiB" if default % MIB == 0 else f"{default // KIB} KiB"
    if isinstance(default, str):
        return f"`{default}`" if default else ""
    # Where nothing is set, a word may say what that means.
    return "" if default in {None, ()} else f"{default:g}"


def test_it_stays_short() -> None:
    assert len(TEXT.splitlines()) <= MAX_LINES


def test_the_two_commands_come_first_and_then_ones_own_file() -> None:
    typed = command_lines(README)
    assert typed[:2] == ["make demo", "make test"]
    assert [line.split("/")[-1] for line in typed[2:4]] == ["make install", "ingestor local my.json.gz"]


@pytest.mark.parametrize("name", sorted(commands()))
def test_each_command_is_named_with_its_options(name: str) -> None:
    [row] = [
        row for row in table_rows(section(README, "Commands")) if re.match(rf"`ingestor {name}\b", row[0])
    ]
    for parameter in commands()[name].params:
        if isinstance(parameter, click.Argument):
            assert f"`ingestor {name} {parameter.metavar}`" == row[0]
        elif "--json" not in parameter.opts:
            assert f"`{parameter.opts[0]}`" in row[1]
    assert any("--json" in parameter.opts for parameter in commands()[name].params)


def test_it_names_no_command_and_no_option_that_is_not_there() -> None:
    typed = [span for span in [*SPANS, *command_lines(README)] if re.search(r"(^|[/ ])ingestor [-a-z]", span)]
    assert typed
    known = {option for command in commands().values() for each in command.params for option in each.opts}
    known |= {option for each in main.params for option in each.opts}
    known |= {"--version", "--help", "-c", "-"}
    for line in typed:
        command, *rest = re.split(r"(?:^|[/ ])ingestor ", line)[1].split(" ")
        assert command in commands() or command in known, line
        assert {word for word in rest if word.startswith("-")} <= known, line


def test_each_option_of_all_commands_is_named() -> None:
    assert {each.opts[0] for each in main.params} <= set(re.findall(r"--[a-z]+", section(README, "Commands")))


def test_every_target_of_the_makefile_is_named_by_a_document() -> None:
    named = {
        target for document in DOCUMENTS for target in re.findall(r"make ([a-z0-9-]+)", document.read_text())
    }
    assert make_targets() <= named
    assert {"install", "demo", "test"} <= set(re.findall(r"make ([a-z0-9-]+)", TEXT))


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_no_document_names_a_target_that_is_not_there(document: Path) -> None:
    typed = [*code_spans(document.read_text()), *command_lines(document)]
    named = {target for line in typed for target in re.findall(r"^make ([a-z0-9-]+)", line)}
    assert named <= make_targets()


@pytest.mark.parametrize("name", list(Settings.model_fields))
def test_each_variable_is_named_with_its_default_and_meaning(name: str) -> None:
    rows = [row for row in table_rows(section(README, "Configuration")) if row[0] == f"`{name.upper()}`"]
    assert len(rows) == 1
    [(_, default, meaning)] = rows
    unset = Settings.model_fields[name].default in {None, ()}
    assert default == default_of(name) or (
        unset and default in {"any", "boto3's", "the schema's creation", "for ever"}
    )
    assert meaning


def test_the_variables_are_listed_in_the_order_of_the_settings() -> None:
    listed = [row[0].strip("`").lower() for row in table_rows(section(README, "Configuration"))[1:]]
    assert [name for name in listed if name in Settings.model_fields] == list(Settings.model_fields)
    assert len(listed) == len(Settings.model_fields)


def test_it_names_no_variable_that_is_not_there() -> None:
    named = {word for span in SPANS for word in re.findall(r"\b[A-Z][A-Z0-9]*_[A-Z0-9_]+\b", span)}
    assert named <= variables()


def test_every_column_of_logs_is_named() -> None:
    rows = table_rows(section(README, "The tables"))
    logs = rows[rows.index(["column of `logs`", "from the entry"]) + 1 :]
    named = {name for row in logs for name in code_spans(row[0])}
    assert named == {column.name for column in COLUMNS} | {"created_at", "updated_at"}


@pytest.mark.parametrize("table", sorted(tables().keys() - LEDGER - {"logs", "logs_default"}))
def test_every_column_of_a_smaller_table_is_named(table: str) -> None:
    [row] = [row for row in table_rows(section(README, "The tables")) if row[0] == f"`{table}`"]
    assert code_spans(row[1]) == tables()[table]


def test_every_table_and_view_is_named() -> None:
    views = re.findall(r"^CREATE VIEW (\w+)", MIGRATIONS, re.MULTILINE)
    assert tables().keys() | set(views) <= SPANS


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_link_leads_somewhere(document: Path) -> None:
    targets = re.findall(r"\]\(([^)\s]+)\)", document.read_text())
    local = [target.split("#")[0] for target in targets if not target.startswith(("https://", "#"))]
    assert [target for target in local if not (document.parent / target).exists()] == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_path_that_is_named_is_there(document: Path) -> None:
    """Only names with a folder or a suffix of ours count; what a run makes begins with a dot."""
    looks_like_path = re.compile(r"(?!\.|AWS)[\w.-]+(/[\w.-]*)+|[\w-]+\.(py|md|toml|yaml|sql)")
    named = [span for span in code_spans(document.read_text()) if looks_like_path.fullmatch(span)]
    roots = (ROOT, ROOT / "src", ROOT / "src/ingestor", document.parent)
    tests = {path.name for path in (ROOT / "tests").rglob("test_*.py")}
    assert [
        name for name in named if name not in tests and not any((root / name).exists() for root in roots)
    ] == []


def test_every_sample_event_is_named() -> None:
    events = {str(path.relative_to(ROOT)) for path in (ROOT / "events").glob("*.json")}
    assert events <= SPANS
