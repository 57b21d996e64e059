"""Writes docs/reference/: the commands from `--help`, the settings from their model, the tables from their comments.

`python -m tools.reference`, or `make docs`. The tables are those of a database that was made for it.
"""

import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import LiteralString

import click
from annotated_types import Ge, Le
from pydantic.fields import FieldInfo

from ingestor.cli import main as ingestor
from ingestor.database import Database, migrate
from ingestor.database.embedded import EmbeddedPostgres
from ingestor.settings import KIB, MIB, Settings

FOLDER = Path(__file__).parents[1] / "docs" / "reference"
GENERATED = "<!-- Written by `make docs`. Change what it is written from. -->"
WIDTH = 100

RELATIONS: LiteralString = """
SELECT c.relname, CASE c.relkind WHEN 'v' THEN 'view' ELSE 'table' END, obj_description(c.oid, 'pg_class'),
       a.attname, format_type(a.atttypid, a.atttypmod), col_description(c.oid, a.attnum)
FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
WHERE c.relnamespace = current_schema::text::regnamespace AND c.relkind IN ('r', 'p', 'v') AND NOT c.relispartition
  AND a.attnum > 0 AND NOT a.attisdropped
ORDER BY c.relname, a.attnum
"""

COMMANDS = f"""{GENERATED}

# Commands

`ingestor --help` and `ingestor COMMAND --help` show the same.
[The page about the command line](../command-line.md) says what they have in common.

"""
SETTINGS = f"""{GENERATED}

# Settings

Environment variables. All wrong ones are reported at once, and no value is printed: it may be a secret.
An empty variable counts as unset. Any `DB_*` variable means a database of your own;
`ingestor` says which ones are still missing.

"""
TABLES = f"""{GENERATED}

# Tables

The comments of the schema; `\\d+ logs` in `ingestor psql` shows the same.
[The page about queries](../queries.md) uses them.
"""


@dataclass(frozen=True, slots=True)
class Column:
    name: str
    type: str
    meaning: str


@dataclass(frozen=True, slots=True)
class Relation:
    name: str
    kind: str
    meaning: str
    columns: tuple[Column, ...]


def commands_page() -> str:
    context = _context("ingestor", ingestor)
    names = ingestor.list_commands(context)
    found = {name: ingestor.get_command(context, name) for name in names}
    commands = {name: command for name, command in found.items() if command is not None}
    rows = [
        f"| [`ingestor {name}`](#ingestor-{name}) | {command.get_short_help_str(limit=1000)} |"
        for name, command in commands.items()
    ]
    sections = [_command_section(f"ingestor {name}", command, context) for name, command in commands.items()]
    table = _lines("| command | what it does |", "|---|---|", *rows)
    return COMMANDS + table + _command_section("ingestor", ingestor) + "".join(sections)


def _command_section(path: str, command: click.Command, parent: click.Context | None = None) -> str:
    text = command.get_help(_context(path.rsplit(" ", maxsplit=1)[-1], command, parent))
    return _lines("", f"## {path}", "", "```text", *(line.rstrip() for line in text.splitlines()), "```")


def _context(name: str, command: click.Command, parent: click.Context | None = None) -> click.Context:
    return click.Context(
        command, info_name=name, parent=parent, terminal_width=WIDTH, **command.context_settings
    )


def settings_page() -> str:
    groups = {"The database": "db_", "AWS": "aws_", "What is loaded, and how": ""}
    left = dict(Settings.model_fields)
    sections = []
    for title, prefix in groups.items():
        taken = {name: left.pop(name) for name in list(left) if name.startswith(prefix)}
        rows = [_setting_row(name, field) for name, field in taken.items()]
        sections.append(_lines(f"## {title}", "", "| variable | default | meaning |", "|---|---|---|", *rows))
    return SETTINGS + "\n".join(sections)


def _setting_row(name: str, field: FieldInfo) -> str:
    limits = limits_of(field)
    meaning = f"{field.description} {limits}".strip()
    return f"| `{name.upper()}` | {default_of(name)} | {_in_a_cell(meaning)} |".replace("|  |", "| |")


def limits_of(field: FieldInfo) -> str:
    """The values that are allowed, as a sentence; empty where any text is."""
    if isinstance(field.annotation, type) and issubclass(field.annotation, Enum):
        return "One of " + ", ".join(f"`{each.value}`" for each in field.annotation) + "."
    if field.annotation is bool:
        return "`true` or `false`."
    if "CommaSeparated" in str(field.annotation) or field.annotation == tuple[str, ...]:
        return "Separated by commas."
    lowest = [each.ge for each in field.metadata if isinstance(each, Ge)]
    highest = [each.le for each in field.metadata if isinstance(each, Le)]
    return f"From {lowest[0]:,} to {highest[0]:,}." if lowest and highest else ""


def default_of(name: str) -> str:
    """As it would be written in the environment; empty where there is none."""
    default = Settings.model_fields[name].default
    if isinstance(default, bool | Enum):
        return f"`{default.value if isinstance(default, Enum) else str(default).lower()}`"
    if default in {None, (), ""}:
        return ""
    if name.endswith("_bytes"):
        return (
            f"`{default}` ({default // MIB} MiB)"
            if default % MIB == 0
            else f"`{default}` ({default // KIB} KiB)"
        )
    return f"`{default}`"


def tables_page(database: Database) -> str:
    relations = relations_of(database)
    rows = [
        f"| [`{each.name}`](#{each.name}) | {each.kind} | {_in_a_cell(each.meaning)} |" for each in relations
    ]
    overview = _lines("", "| name | kind | one row is about |", "|---|---|---|", *rows)
    return TABLES + overview + "".join(_relation_section(each) for each in relations)


def _relation_section(relation: Relation) -> str:
    rows = [f"| `{each.name}` | {each.type} | {_in_a_cell(each.meaning)} |" for each in relation.columns]
    return _lines(
        "",
        f"## {relation.name}",
        "",
        f"{relation.meaning}.",
        "",
        "| column | type | meaning |",
        "|---|---|---|",
        *rows,
    )


def relations_of(database: Database) -> list[Relation]:
    """The tables and views of the schema, without the partitions, by name."""
    with database.transaction() as connection:
        found = connection.execute(RELATIONS).fetchall()
    relations: dict[str, Relation] = {}
    for name, kind, meaning, column, column_type, column_meaning in found:
        before = relations.get(name, Relation(name, kind, meaning, ()))
        columns = (*before.columns, Column(column, column_type, column_meaning))
        relations[name] = Relation(name, kind, meaning, columns)
    return list(relations.values())


def _in_a_cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def _lines(*lines: str) -> str:
    return "".join(f"{line}\n" for line in lines)


def pages() -> Iterator[tuple[str, str]]:
    yield "commands.md", commands_page()
    yield "settings.md", settings_page()
    with tempfile.TemporaryDirectory(prefix="ingestor-docs-") as folder:
        server = EmbeddedPostgres(Path(folder) / "server", options=("fsync=off",))
        parameters = server.start()
        try:
            database = Database(lambda: parameters, "public")
            migrate(database)
            yield "tables.md", tables_page(database)
            database.close()
        finally:
            server.stop()


def write(written: Iterable[tuple[str, str]]) -> None:
    FOLDER.mkdir(exist_ok=True)
    for name, text in written:
        (FOLDER / name).write_text(text)


if __name__ == "__main__":
    write(pages())
