"""ingestor.toml is refused with all of its mistakes at once: where each is, and what was expected."""

from dataclasses import fields
from pathlib import Path

import pytest
from tests.support.configured import DETECTION, configured, mistakes_in

from ingestor import bootstrap
from ingestor.errors import ConfigurationError
from ingestor.formats.known import FormatOptions
from ingestor.processors.options import PROCESSING_OPTIONS
from ingestor.routing import Router
from ingestor.routing.configuration import _OF_A_RULE, read_configuration
from ingestor.routing.configuration_file import CODE_FOLDER, ConfigurationText
from ingestor.routing.detection import DetectingRouter
from ingestor.routing.format_options import _READERS, FORMATS_BY_PROGRAM
from ingestor.routing.rules import RuleRouter, by_format_name
from ingestor.settings import Settings

ROOT = Path(__file__).parents[2]


def test_every_mistake_is_told_with_its_line() -> None:
    text = """\
        # a comment
        [[rule]]
        key = "a/*"
        formt = "json"

        [[rule]]
        key_regex = "("
        format = "wrods"
        skip = "yes"
        [rule.columns]
        message = 1
        mesage = "text"
    """
    assert mistakes_in(text) == [
        "line 4, [[rule]]: `formt` is not an option; did you mean `format`?",
        "line 7, [[rule]]: `key_regex` is no regular expression: missing ), unterminated subpattern at position 0",
        "line 8, [[rule]]: `wrods` is not a format; did you mean `words`?",
        "line 9, [[rule]]: `skip` must be true or false, not a string",
        "line 11, [rule.columns]: `message` must be a string or an array of strings, not an integer",
        "line 12, [rule.columns]: `mesage` is not an option; did you mean `message`?",
    ]


_ZONE_WRITTEN = 'is not known; a zone is written as "Europe/Berlin", an offset as "+02:00"'
_AGE = "`older_than` must be a date (2026-11-23), a time (2026-11-23T12:00:00Z) or an age"


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('format = "syslogg"', "`syslogg` is not a format; known here: json, words"),
        ("format = 7", "`format` must be a string, not an integer"),
        ('format = "json"\npattern = "a"', "`pattern` is of no use to json"),
        ('format = "words"\npattern = "("', "`pattern` is no regular expression: missing ), unterminated subpattern"),
        ('pattern = "a"', "`pattern` is an option of a format: it needs `format`"),
        ('columns = { message = "a" }', "`columns` is an option of a format: it needs `format`"),
        ('time_zone = "Middle/Earth"', f"`time_zone` 'Middle/Earth' {_ZONE_WRITTEN}"),
        ('time_zone = "../../etc/passwd"', f"`time_zone` '../../etc/passwd' {_ZONE_WRITTEN}"),
        ('time_zone = ""', f"`time_zone` '' {_ZONE_WRITTEN}"),
        ('time_zone = "UTC+1"', f"`time_zone` 'UTC+1' {_ZONE_WRITTEN}"),
        ('time_zone = "europe/berln"', "`time_zone` 'europe/berln' is not known; did you mean \"Europe/Berlin\"?"),
        ('time_fallback = "object "', '`time_fallback` must be "reject" or "object"; did you mean "object"?'),
        ('after = "move"', '`after` must be "keep" or "tag" or "delete"'),
        ("after = ['tag']", '`after` must be "keep" or "tag" or "delete"'),
        ('older_than = "soon"', _AGE),
        ("older_than = 90", _AGE),
        ('key = "a"\nkey_regex = "b"', "give `key` or `key_regex`, not both"),
        ("key = []", "`key` must be a string or an array of strings, not an empty array"),
        ("key = ['a', 1]", "`key` must be a string or an array of strings, not an array"),
        ("columns = 'a'", "`columns` must be a table, not a string"),
        ('format = "words"\ncolumns = { severity = "a" }', "`severity` follows from `level`"),
        ('colour = "red"', "`colour` is not an option; known here: after, bucket,"),
    ],
)  # fmt: skip
def test_what_was_expected_is_said(line: str, said: str) -> None:
    assert any(each.partition(": ")[2].startswith(said) for each in mistakes_in(f"[[rule]]\n{line}"))


def test_a_rule_that_no_object_comes_to_is_a_mistake() -> None:
    text = '[[rule]]\nkey = ["*"]\n\n[[rule]]\nkey = "a/*"\nskip = true'
    assert mistakes_in(text) == ["line 4, [[rule]]: no object comes to this rule: that of line 1 matches all"]


def test_a_mistake_in_the_defaults_is_told_once() -> None:
    text = '[defaults]\nafter = "never"\nformat = "json"\n' + '[[rule]]\nkey = "a"\n' * 3
    known = sorted({"after", "time_fallback", *PROCESSING_OPTIONS})
    assert mistakes_in(text) == [
        'line 2, [defaults]: `after` must be "keep" or "tag" or "delete"',
        f"line 3, [defaults]: `format` is not an option; known here: {', '.join(known)}",
    ]


def test_what_is_no_table_of_this_file_is_a_mistake() -> None:
    assert mistakes_in('rules = 1\n[rule]\nformat = "json"') == [
        "line 1, ingestor.toml: `rules` is not an option; did you mean `rule`?",
        "line 2, ingestor.toml: `rule` must be written as [[rule]]",
    ]


def test_an_option_above_every_table_is_told_where_it_belongs() -> None:
    said = "stands above every table; write it below a line [[rule]] or [defaults]"
    assert mistakes_in('key = "a"\nredact = ["credentials"]\npatern = "a"\n[[rule]]\nskip = true') == [
        f"line 1, ingestor.toml: `key` {said}",
        f"line 2, ingestor.toml: `redact` {said}",
        "line 3, ingestor.toml: `patern` is not an option; known here: defaults, rule, test",
    ]


def test_the_options_known_at_the_top_are_those_of_a_rule() -> None:
    (known,) = [each for each in mistakes_in('[[rule]]\ncolour = "red"') if "`colour`" in each]
    assert set(known.partition("known here: ")[2].split(", ")) == set(_OF_A_RULE)


def test_a_file_that_is_not_toml_is_refused_with_the_place() -> None:
    with pytest.raises(ConfigurationError, match=r"x\.toml is not TOML: .*line 2"):
        read_configuration(ConfigurationText("x.toml", "[[rule]]\nkey = a"), DETECTION)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (r'key = "C:\Users\*"', "line 2, column 12: a backslash within \"…\" begins an escape; in single quotes"),
        (r'key_regex = "\d+"', "line 2, column 16: a backslash within"),
        ("key = 'a'\nkey = 'b'\n", "line 3, column 10: `key` is given twice in one table; keep one of them"),
        ("key = 'a'\nkey = 'b'", "line 3: `key` is given twice in one table; keep one of them"),
        ("columns = { url = 'a', url = 'b' }", "line 2, column 33: `url` is given twice"),
        ("key = 'a'\n[rule]\n", "line 3, column 6: each rule begins with [[rule]], in double brackets"),
        ("key = *.log", "line 2, column 7: a text is in quotes, as in key = \"*.log\""),
        ("skip = True", "line 2, column 8: a text is in quotes, as in key = \"*.log\"; only numbers, dates, true and"),
        ("key = “*”", "line 2, column 7: these are no quotes of TOML; a text is in \" or '"),
        ('key = "a\n', "line 2, column 9: a text's closing quote is missing"),
        ("key = 'a", "line 2: a text's closing quote is missing"),
        ("key: '*.log'", "line 2, column 4: an option is written with =, as in key = \"*.log\", below a line [[rule]]"),
        ("key = ['a'\n\n\n", "line 2: Unclosed array"),
    ],
)  # fmt: skip
def test_what_is_not_toml_is_said_to_who_does_not_know_toml(text: str, said: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        configured(f"[[rule]]\n{text}")
    assert str(refused.value).startswith(f"/somewhere/ingestor.toml is not TOML: {said}")


def test_a_format_is_found_by_the_program_that_writes_it() -> None:
    detection = bootstrap.DETECTION
    known = by_format_name(detection)
    assert set(FORMATS_BY_PROGRAM.values()) <= set(known)
    assert not set(FORMATS_BY_PROGRAM) & set(known)
    with pytest.raises(ConfigurationError, match="`Nginx` is not a format; did you mean `combined`"):
        read_configuration(ConfigurationText("x.toml", '[[rule]]\nformat = "Nginx"'), detection)


def test_each_option_of_a_format_can_be_written() -> None:
    assert set(_READERS) == {each.name for each in fields(FormatOptions)}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def router(path: str | None = None) -> Router:
    return bootstrap.router(Settings(ingestor_config=path))


def test_the_file_is_found_in_the_working_directory(folder: Path) -> None:
    assert isinstance(router(), DetectingRouter)
    (folder / "ingestor.toml").write_text("[[rule]]\nskip = true")
    assert isinstance(router(), RuleRouter)


def test_the_file_that_is_named_comes_before_the_one_that_is_found(folder: Path) -> None:
    (folder / "ingestor.toml").write_text("wrong")
    (folder / "mine.toml").write_text("\ufeff[[rule]]\nskip = true", encoding="utf-8")
    assert isinstance(router("mine.toml"), RuleRouter)


def test_a_named_file_that_cannot_be_read_is_said(folder: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"INGESTOR_CONFIG: mine\.toml: No such file"):
        router("mine.toml")
    (folder / "mine.toml").write_bytes(b"#\n\xff")
    with pytest.raises(
        ConfigurationError, match=r"mine\.toml is not UTF-8: line 2 has the byte 0xff; save it as"
    ):
        router("mine.toml")
    with pytest.raises(ConfigurationError, match="Is a directory"):
        router(str(folder))


def test_a_file_beside_the_functions_code_is_deployed_and_found() -> None:
    template = (ROOT / "template.yaml").read_text()
    assert "CodeUri: src/\n" in template
    assert CODE_FOLDER == ROOT / "src"
    assert (CODE_FOLDER / "handler").is_dir()


def test_a_mistake_in_what_is_done_to_entries_has_its_line_wherever_it_is_written() -> None:
    text = '[defaults]\n\nsample = "many"\n[[rule]]\nkey = "a"\n\nprocessors = ["nowhere_at_all:f"]\n'
    first, second = mistakes_in(text)
    assert first.startswith("line 3, [defaults]: `sample` must ")
    assert second.startswith("line 7, [[rule]]: `processors` `nowhere_at_all:f`: ")
