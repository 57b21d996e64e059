"""docs/reference/tables.md says what the schema's comments say; `make docs` writes it."""

from tools.reference import FOLDER, relations_of, tables_page

from ingestor.database import Database

TABLES = (FOLDER / "tables.md").read_text()


def test_the_tables_are_what_their_comments_say(database: Database) -> None:
    assert tables_page(database) == TABLES, "out of date: run make docs"


def test_every_table_view_and_column_is_named(database: Database) -> None:
    relations = relations_of(database)
    assert {"logs", "processed_files", "files"} <= {each.name for each in relations}
    for relation in relations:
        [section] = [part for part in TABLES.split("\n## ") if part.startswith(f"{relation.name}\n")]
        assert [each.name for each in relation.columns if f"| `{each.name}` |" not in section] == []
