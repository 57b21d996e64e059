"""Which rule of ingestor.toml decides for which object, and what it decides."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from tests.support.configured import router_of

from ingestor.model.source_file import SourceFile
from ingestor.routing import After, Pipeline, Skip
from ingestor.routing.processed_format import ProcessedFormat

UPLOADED = datetime(2026, 11, 23, 12, tzinfo=UTC)
FILE = SourceFile("logs", "app/2026/11/23/a.gz", uploaded_at=UPLOADED, known_since=UPLOADED)


def named(text: str, file: SourceFile = FILE) -> str | None:
    """What the object's name decides: a format, a skip, or nothing."""
    route = router_of(text).by_name(file)
    match route:
        case Pipeline():
            return route.format.name
        case Skip():
            return "skip"
        case None:
            return None


def pipeline(text: str, file: SourceFile = FILE) -> Pipeline:
    router = router_of(text)
    route = router.by_name(file)
    if route is None:
        route = router.by_head(file, b"{")
    assert isinstance(route, Pipeline)
    return route


def test_the_first_rule_that_matches_decides() -> None:
    rules = """
        [[rule]]
        key = "app/*"
        format = "words"

        [[rule]]
        key = "app/2026/*"
        format = "json"
    """
    assert named(rules) == "words"


@pytest.mark.parametrize(
    ("condition", "is_met"),
    [
        ('key = "app/*"', True),
        ('key = "app/*.gz"', True),
        ('key = "*/a.gz"', True),
        ('key = "app/*.log"', False),
        ('key = "app"', False),
        ('key = "APP/*"', False),
        ('key = ["edge/*", "app/*"]', True),
        (r"key_regex = '^app/\d{4}/'", True),
        (r"key_regex = '\.gz$'", True),
        (r"key_regex = '^edge/'", False),
        ('bucket = "logs"', True),
        ('bucket = "log"', False),
        ('bucket = "l*"', True),
        ('bucket_regex = "^(logs|archive)$"', True),
        ('bucket = "logs"\nkey = "edge/*"', False),
        ("", True),
    ],
)
def test_a_rule_is_for_the_objects_whose_bucket_and_key_match(condition: str, *, is_met: bool) -> None:
    assert (named(f'[[rule]]\nformat = "words"\n{condition}') == "words") is is_met


@pytest.mark.parametrize(
    ("age", "is_met"),
    [
        ('"2026-11-24"', True),
        ("2026-11-24", True),
        ("2026-11-23T12:00:01Z", True),
        ("2026-11-23T12:00:00Z", False),
        ('"2026-11-23T14:00:01+02:00"', True),
        ("2026-11-23", False),
        ('"2d"', True),
        ('"72h"', False),
        ('"3d"', False),
        ('"1w"', False),
    ],
)
def test_an_object_is_old_by_its_upload_and_by_when_the_ledger_first_knew_of_it(
    age: str, *, is_met: bool
) -> None:
    known_later = replace(FILE, known_since=UPLOADED + timedelta(days=3))
    assert (named(f'[[rule]]\nformat = "words"\nolder_than = {age}', known_later) == "words") is is_met


@pytest.mark.parametrize("age", ['"1h"', "2027-01-01"])
def test_an_object_without_an_upload_time_is_never_too_old(age: str) -> None:
    assert named(f"[[rule]]\nskip = true\nolder_than = {age}", replace(FILE, uploaded_at=None)) is None


def test_an_object_is_skipped_with_the_rule_that_says_so() -> None:
    route = router_of('\n[[rule]]\nkey = "app/*"\nskip = true').by_name(FILE)
    assert route == Skip("the rule at line 2 of ingestor.toml")


def test_a_rule_without_a_format_leaves_it_to_the_key_and_then_to_the_head() -> None:
    rule = '[[rule]]\ntime_fallback = "object"'
    by_key = router_of(rule).by_name(replace(FILE, key="AWSLogs/1/words/a"))
    assert isinstance(by_key, Pipeline)
    assert (by_key.format.name, by_key.falls_back_to_upload_time) == ("words", True)
    assert named(rule) is None
    by_head = router_of(rule).by_head(FILE, b"WORDS and more")
    assert (by_head.format.name, by_head.falls_back_to_upload_time) == ("words", True)


def test_a_rules_format_comes_before_the_built_in_rules_for_aws_keys() -> None:
    aws = replace(FILE, key="AWSLogs/1/words/a")
    assert named("", aws) == "words"
    assert named('[[rule]]\nformat = "json"', aws) == "json"


def test_the_reason_names_the_rule_or_what_the_format_was_told_by() -> None:
    assert pipeline('[[rule]]\nformat = "words"').reason == "the rule at line 1 of ingestor.toml"
    assert pipeline("[[rule]]").reason == "no other format begins as it does"


def test_what_rules_leave_out_the_defaults_fill_and_they_are_for_files_without_a_rule_too() -> None:
    defaults = '[defaults]\ntime_fallback = "object"\nafter = "tag"\n'
    other = '[[rule]]\nkey = "edge/*"\nformat = "json"\n'
    for text in (defaults + other, defaults + '[[rule]]\nformat = "json"'):
        assert pipeline(text).falls_back_to_upload_time
        assert pipeline(text).after is After.TAG
    own = pipeline(defaults + '[[rule]]\nformat = "json"\ntime_fallback = "reject"\nafter = "delete"')
    assert (own.falls_back_to_upload_time, own.after) == (False, After.DELETE)


def test_a_rule_that_says_nothing_new_about_rows_voids_nothing() -> None:
    without = pipeline("").fingerprint
    assert without == "json"
    for rule in ('format = "json"', 'after = "delete"', 'time_fallback = "reject"', ""):
        assert pipeline(f"[[rule]]\n{rule}").fingerprint == without


def test_the_fingerprint_tells_whatever_decides_rows_and_nothing_else() -> None:
    words = '[[rule]]\nformat = "words"\n'
    different = [
        words,
        words + 'time_zone = "Europe/Berlin"',
        words + 'time_zone = "+01:00"',
        words + 'pattern = "a"',
        words + 'pattern = "b"',
        words + 'columns = { message = "text" }',
        words + 'columns = { message = ["text", "body"] }',
        words + 'time_fallback = "object"',
    ]
    assert len({pipeline(text).fingerprint for text in different}) == len(different)
    same = [
        words + 'pattern = "a"',
        "# a comment\n" + words + '# another\npattern = "a" # and one more',
        words + 'pattern = "a"\nkey = "app/*"\nafter = "tag"',
        '[[rule]]\nkey = "edge/*"\nskip = true\n' + words + 'pattern = "a"',
    ]
    assert len({pipeline(text).fingerprint for text in same}) == 1
    assert pipeline(same[0]).fingerprint.startswith("words:")


def test_what_is_done_to_entries_belongs_to_the_fingerprint_and_a_rules_own_comes_before_the_defaults() -> (
    None
):
    defaults = '[defaults]\nset = { tenant = "a" }\n'
    rule = '[[rule]]\nformat = "words"\n'
    texts = [rule, defaults + rule, defaults + rule + 'set = { tenant = "b" }', defaults]
    assert len({pipeline(text).fingerprint for text in texts}) == len(texts)
    assert pipeline(defaults + rule).fingerprint == pipeline(rule + 'set = { tenant = "a" }').fingerprint
    assert isinstance(pipeline(defaults).format, ProcessedFormat)
    assert not isinstance(pipeline(rule).format, ProcessedFormat)
