"""The documents name what there is, and nothing that isn't there."""

import re
from pathlib import Path

import click
import pytest
from tests.support.documents import DOCUMENTS, README, ROOT, code_spans, command_lines, section, table_rows

from ingestor.cli import main
from ingestor.model.columns import COLUMNS
from ingestor.settings import Settings

TEXT = README.read_text()
MAX_LINES = 150
QUERIES = ROOT / "docs" / "queries.md"
SAMPLE_EVENTS = ROOT / "docs" / "events.md"
ADVICE = [document for document in DOCUMENTS if document.name != "CHANGELOG.md"]
"""Those that tell what to type now; the changelog also tells of what was."""
FOREIGN_OPTIONS = {"--version", "--help", "-c", "-"}


def commands() -> dict[str, click.Command]:
    context = click.Context(main)
    found = {name: main.get_command(context, name) for name in main.list_commands(context)}
    return {name: command for name, command in found.items() if command is not None}


def make_targets() -> set[str]:
    return set(re.findall(r"^([a-z0-9-]+):.*## ", (ROOT / "Makefile").read_text(), re.MULTILINE))


def typed_by_readers(document: Path) -> list[str]:
    """The command lines of `ingestor` that it has, in blocks and in sentences."""
    typed = [*code_spans(document.read_text()), *command_lines(document)]
    return [line for line in typed if re.search(r"(^|[/ ])ingestor [-a-z]", line)]


def test_it_stays_short() -> None:
    assert len(TEXT.splitlines()) <= MAX_LINES


def test_the_two_commands_come_first_and_then_ones_own_file() -> None:
    typed = command_lines(README)
    assert typed[:2] == ["make demo", "make test"]
    own_file = ["make install", "ingestor try my.json.gz", "ingestor local my.json.gz"]
    assert [line.split("/")[-1].partition("  #")[0].strip() for line in typed[2:5]] == own_file


def test_it_says_what_happens_when_things_go_wrong_in_one_table() -> None:
    rows = table_rows(section(README, "When things go wrong"))
    assert len(rows) > 10
    assert all(len(row) == 2 and all(row) for row in rows)


@pytest.mark.parametrize("document", ADVICE, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_document_names_a_command_or_an_option_that_is_not_there(document: Path) -> None:
    known = {option for command in commands().values() for each in command.params for option in each.opts}
    known |= {option for each in main.params for option in each.opts} | FOREIGN_OPTIONS
    for line in typed_by_readers(document):
        words = re.split(r"(?:^|[/ ])ingestor ", line)[1].split(" ")
        if words[0] == "--stack":
            words = words[2:] or ["--stack"]
        command, *rest = words
        assert command in commands() or command in known or command in {"COMMAND", "…"}, line
        assert {word for word in rest if re.match(r"--[a-z]", word)} <= known, line


def test_the_readme_types_commands() -> None:
    assert len(typed_by_readers(README)) > 5


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


def test_the_readme_names_no_variable_that_is_not_there() -> None:
    named = {word for span in code_spans(TEXT) for word in re.findall(r"\b[A-Z][A-Z0-9]*_[A-Z0-9_]+\b", span)}
    assert named
    assert named <= {name.upper() for name in Settings.model_fields}


def test_the_page_about_rows_says_of_every_column_of_logs_where_it_comes_from() -> None:
    rows = table_rows(section(QUERIES, "What becomes of an entry"))
    named = {name for row in rows[1:] for name in code_spans(row[0])}
    assert named == {column.name for column in COLUMNS} | {"created_at", "updated_at"}


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_link_leads_somewhere(document: Path) -> None:
    targets = re.findall(r"\]\(([^)\s]+)\)", document.read_text())
    local = [target.split("#")[0] for target in targets if not target.startswith(("https://", "#"))]
    assert [target for target in local if not (document.parent / target).exists()] == []


def test_every_page_is_linked_from_the_index() -> None:
    index = ROOT / "docs" / "index.md"
    targets = re.findall(r"\]\(([^)\s#]+)", index.read_text())
    linked = {(index.parent / target).resolve() for target in targets}
    pages = {page for page in DOCUMENTS if page.name != "CHANGELOG.md" and page != index}
    assert {page for page in pages if page not in linked and page.parent not in linked} == set()


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_path_that_is_named_is_there(document: Path) -> None:
    """Only names with a folder or a suffix of ours count. What a run makes begins with a dot; rules are a user's."""
    users = {"ingestor.toml", "src/ingestor.toml"}
    looks_like_path = re.compile(r"(?!\.|AWS)[\w.-]+(/[\w.-]*)+|[\w-]+\.(py|md|toml|yaml|sql)")
    named = [span for span in code_spans(document.read_text()) if looks_like_path.fullmatch(span)]
    roots = (ROOT, ROOT / "src", ROOT / "src/ingestor", document.parent)
    tests = {path.name for path in (ROOT / "tests").rglob("test_*.py")}
    assert [
        name
        for name in named
        if name not in tests | users and not any((root / name).exists() for root in roots)
    ] == []


def test_every_sample_event_is_named() -> None:
    events = {str(path.relative_to(ROOT)) for path in (ROOT / "events").glob("*.json")}
    assert events <= set(code_spans(SAMPLE_EVENTS.read_text()))
