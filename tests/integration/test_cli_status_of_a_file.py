"""`ingestor status KEY`."""

from collections.abc import Callable
from pathlib import Path

from tests.integration.conftest import CommandLine
from tests.support.books import Ledger, one_file_in_each_state

from ingestor.errors import ErrorKind


def test_a_story_tells_state_error_and_events_in_order(ingestor: CommandLine, books: Ledger) -> None:
    claim = books.advance(books.claim("cut.gz"), 30)
    books.fail(books.advance(claim, 12), ErrorKind.PERMANENT, "truncated: ends early")
    done = ingestor("status", "s3://my-logs/cut.gz")
    said = " ".join(done.stdout.split())
    assert done.status == 0
    assert said.startswith("s3://my-logs/cut.gz state: FAILED (permanent) next: needs attention")
    assert "last error: truncated: ends early" in said
    assert "checkpoint: entry 42, at byte 1,200 uncompressed" in said
    assert said.index("claimed") < said.index("checkpoint (2 times) 1 42") < said.index("failed 1")


def test_a_failing_file_says_since_when_and_the_overview_shows_the_longest(
    ingestor: CommandLine, books: Ledger
) -> None:
    books.fail(books.claim("first.gz"), ErrorKind.TRANSIENT, "access denied")
    books.fail(books.claim("second.gz"), ErrorKind.TRANSIENT, "S3 said SlowDown")
    books.fail(books.claim("for-good.gz"), ErrorKind.PERMANENT, "no such key")
    story = ingestor("status", "first.gz").stdout
    assert "failing since:" in story
    assert "where:          in the ledger, waiting to be retried" in story
    assert "failing longest: s3://my-logs/first.gz" in ingestor("status").stdout
    assert "Other failures" in ingestor("status").stdout
    assert ingestor("status", "--json").json["longest_failing"]["s3_key"] == "first.gz"


def test_too_many_rejects_can_be_accepted(ingestor: CommandLine, books: Ledger) -> None:
    error = "s3://my-logs/odd.gz: 9 of 10 entries rejected; that is more than MAX_REJECT_RATIO=0.5"
    books.fail(books.claim("odd.gz"), ErrorKind.PERMANENT, error)
    told = ingestor("status", "odd.gz", "--json").json
    assert "`ingestor retry s3://my-logs/odd.gz --accept-rejects`" in told["next"]
    assert told["where"].startswith("needs attention")


def test_a_story_shows_the_first_rejected_entries(
    ingestor: CommandLine, write_log: Callable[[str, list[object]], Path]
) -> None:
    entries: list[object] = [{"time": 1795432855268 + n} for n in range(10)]
    write_log("app.json", [*entries, *(f"bad {n}" for n in range(7))])
    ingestor("local", "app.json")
    done = ingestor("status", "app.json")
    assert '"bad 0"' in done.stdout
    assert '"bad 4"' in done.stdout
    assert '"bad 5"' not in done.stdout
    assert "and 2 more in the table rejected_entries" in done.stdout
    first = ingestor("status", "app.json", "--json").json["first_rejected"][0]
    assert (first["ordinal"], first["raw"].strip()) == (10, '"bad 0"')
    assert first["error"]


def test_a_key_is_found_in_full_by_its_path_or_by_a_unique_end(
    ingestor: CommandLine, books: Ledger, write_log: Callable[[str, list[object]], Path]
) -> None:
    books.complete(books.claim("2026/11/app.gz"), 1)
    path = write_log("mine.json", [{"time": 1}])
    ingestor("local", "mine.json")
    (ingestor.folder / "link.json").symlink_to(path)
    for asked, uri in (
        ("s3://my-logs/2026/11/app.gz", "s3://my-logs/2026/11/app.gz"),
        ("2026/11/app.gz", "s3://my-logs/2026/11/app.gz"),
        ("app.gz", "s3://my-logs/2026/11/app.gz"),
        ("mine.json", str(path)),
        ("./link.json", str(path)),
        (str(path), str(path)),
    ):
        assert ingestor("status", asked, "--json").json["uri"] == uri


def test_an_exact_key_goes_before_keys_that_end_so(ingestor: CommandLine, books: Ledger) -> None:
    books.complete(books.claim("app.gz"), 1)
    books.complete(books.claim("old-app.gz"), 2)
    assert ingestor("status", "app.gz", "--json").json["s3_key"] == "app.gz"


def test_several_matches_are_listed_and_none_is_said_clearly(ingestor: CommandLine, books: Ledger) -> None:
    books.complete(books.claim("a/app.gz"), 1)
    books.complete(books.claim("b/app.gz"), 2)
    several = ingestor("status", "app.gz")
    assert several.status == 1
    assert "2 files match" in several.stderr
    assert "s3://my-logs/a/app.gz" in several.stdout
    assert "s3://my-logs/b/app.gz" in several.stdout
    listed = ingestor("status", "app.gz", "--json")
    assert [each["s3_key"] for each in listed.json["matches"]] == ["a/app.gz", "b/app.gz"]
    none = ingestor("status", "50%_off\\", "--json")
    assert (none.status, none.json) == (1, {"matches": []})
    assert "not in the ledger" in none.stderr


def test_other_peoples_text_is_shown_not_obeyed(ingestor: CommandLine, books: Ledger) -> None:
    books.fail(
        books.claim("evil\x1b]0;title\x07[red]\n.gz"), ErrorKind.PERMANENT, "bad \x1b[2J[link=x] \u202e"
    )
    for said in (ingestor("status").stdout, ingestor("status", ".gz", FORCE_COLOR="1").stdout):
        assert "\x1b]0;" not in said
        assert "\x1b[2J" not in said
        assert "\u202e" not in said
        assert r"evil\x1b]0;title\x07[red]\n.gz" in said
        assert "[link=x]" in said


def test_there_are_no_colours_off_a_terminal_nor_with_no_color(ingestor: CommandLine, books: Ledger) -> None:
    one_file_in_each_state(books)
    assert "\x1b[" not in ingestor("status").stdout
    assert "\x1b[31m" not in ingestor("status", FORCE_COLOR="1", NO_COLOR="1").stdout


def test_fields_that_a_formats_documentation_does_not_name_are_told(
    ingestor: CommandLine, tmp_path: Path
) -> None:
    known = '192.0.2.7 - - [24/Nov/2026:12:00:00 +0000] "GET / HTTP/1.1" 200 7 "-" "curl"'
    (tmp_path / "access.log").write_text(f"{known}\n{known} 17 18\n")
    assert ingestor("local", "access.log").status == 0
    said = " ".join(ingestor("status", "access.log").stdout.split())
    assert "format: combined (its first bytes) unknown fields: in 1 entry; they are in raw_data" in said
    assert ingestor("status", "access.log", "--json").json["unknown_fields"] == 1
