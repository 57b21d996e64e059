"""`ingestor.toml` as a test writes it, read with a format or two that are there for tests alone."""

from textwrap import dedent

import pytest

from ingestor.bootstrap.formats import JSON
from ingestor.errors import ConfigurationError
from ingestor.formats.known import FormatOptions, KnownFormat, refuse_useless
from ingestor.formats.mapping import FieldMapping
from ingestor.formats.text import TextFormat
from ingestor.model.rows import Rejection
from ingestor.routing.configuration import RuleSet, read_configuration
from ingestor.routing.configuration_file import ConfigurationText
from ingestor.routing.detection import Detection
from ingestor.routing.rules import RuleRouter


def _words(options: FormatOptions) -> TextFormat:
    refuse_useless("words", options, "columns", "time_zone", "pattern")
    if options.pattern == "(":
        raise ConfigurationError("`pattern` is no regular expression: missing ), unterminated subpattern")
    return TextFormat("words", lambda _text, _context: Rejection("only a name"), FieldMapping({}))


WORDS = KnownFormat("words", _words, lambda head: head.startswith(b"WORDS"), ("AWSLogs/*/words/*",))
DETECTION = Detection((WORDS,), JSON)


def configured(text: str) -> RuleSet:
    return read_configuration(ConfigurationText("/somewhere/ingestor.toml", dedent(text)), DETECTION)


def router_of(text: str) -> RuleRouter:
    return configured(text).router(DETECTION)


def mistakes_in(text: str) -> list[str]:
    """Each in its line, as people see them."""
    with pytest.raises(ConfigurationError) as refused:
        configured(text)
    first, *mistakes = str(refused.value).split("\n")
    assert first == "/somewhere/ingestor.toml is wrong:"
    return [each.strip() for each in mistakes]
