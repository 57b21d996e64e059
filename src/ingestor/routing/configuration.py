"""`ingestor.toml`: read once, and refused with all of its mistakes at once, each with its line.

    [defaults]              # for every file, where its rule says nothing else
    time_fallback = "object"

    [[rule]]                # the first that matches an object decides
    key = "edge/*.log.gz"
    format = "combined"

What no rule matches, and a rule without a `format`, has its format detected. docs/configuration.md has all options.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ingestor.errors import ConfigurationError
from ingestor.formats.known import KnownFormat
from ingestor.processors.options import PROCESSING_OPTIONS, ProcessingOptions
from ingestor.routing import After
from ingestor.routing.condition import ObjectCondition
from ingestor.routing.condition_options import read_condition
from ingestor.routing.configuration_file import ConfigurationText
from ingestor.routing.detection import Detection
from ingestor.routing.format_options import FORMAT_OPTIONS, read_format
from ingestor.routing.golden_test import GoldenTest, read_golden_test
from ingestor.routing.rules import PipelineOptions, Rule, RuleRouter, by_format_name
from ingestor.routing.toml_lines import TomlLines
from ingestor.routing.toml_mistakes import toml_mistake
from ingestor.routing.toml_table import Mistakes, Table

_OF_A_RULE = dict.fromkeys(
    (
        *(
            "bucket",
            "bucket_regex",
            "key",
            "key_regex",
            "older_than",
            "skip",
            "format",
            "time_fallback",
            "after",
        ),
        *FORMAT_OPTIONS,
        *PROCESSING_OPTIONS,
    ),
    "stands above every table; write it below a line [[rule]] or [defaults]",
)
"""Said of each option that a newcomer writes at the file's top."""


@dataclass(frozen=True, slots=True)
class RuleSet:
    """Read from `path`. `otherwise` is for the files that no rule matches."""

    path: str
    rules: tuple[Rule, ...]
    otherwise: PipelineOptions
    tests: tuple[GoldenTest, ...] = ()

    @property
    def unredacted(self) -> tuple[str, ...]:
        """Where files are read without `redact`."""
        places = [
            each.place for each in self.rules if not each.skips and each.options.processing.redaction is None
        ]
        reaches_all = any(each.condition.is_always_met for each in self.rules)
        if self.otherwise.processing.redaction is None and not reaches_all:
            places.append("files that no rule matches")
        return tuple(places)

    def router(self, detection: Detection) -> RuleRouter:
        return RuleRouter(self.rules, detection, self.otherwise)


def read_configuration(source: ConfigurationText, detection: Detection) -> RuleSet:
    """Raises ConfigurationError with a line for each mistake."""
    values = _parsed(source)
    mistakes = Mistakes(TomlLines(source.text))
    top = Table(values, (), source.name, mistakes)
    defaults = top.table("defaults")
    rules = _Rules(source, by_format_name(detection), defaults)
    read = tuple(rules.read(table) for table in top.tables("rule"))
    otherwise = rules.read_defaults()
    tests = tuple(read_golden_test(table, source.folder) for table in top.tables("test"))
    top.refuse_others(_OF_A_RULE)
    if mistakes:
        raise ConfigurationError("\n".join([f"{source.path} is wrong:", *(f"  {each}" for each in mistakes)]))
    return RuleSet(source.path, read, otherwise, tests)


def _parsed(source: ConfigurationText) -> dict[str, Any]:
    try:
        return tomllib.loads(source.text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise ConfigurationError(f"{source.path} is not TOML: {toml_mistake(source.text, error)}") from None


class _Rules:
    """Reads `[[rule]]` after `[[rule]]`; `defaults` fill what a rule leaves out."""

    def __init__(
        self, source: ConfigurationText, known: Mapping[str, KnownFormat], defaults: Table | None
    ) -> None:
        self._source = source
        self._known = known
        self._defaults = defaults
        self._always: int | None = None

    def read(self, table: Table) -> Rule:
        condition = read_condition(table)
        self._refuse_unreachable(table, condition)
        skips = table.flag("skip") or False
        rule = Rule(
            place=f"line {table.line} of {self._source.name}",
            condition=condition,
            format=read_format(table, self._known),
            options=_options(table, self._defaults, self._source.folder),
            skips=skips,
        )
        table.refuse_others()
        return rule

    def read_defaults(self) -> PipelineOptions:
        if self._defaults is None:
            return PipelineOptions()
        options = _options(self._defaults, None, self._source.folder)
        self._defaults.refuse_others()
        return options

    def _refuse_unreachable(self, table: Table, condition: ObjectCondition) -> None:
        if self._always is not None:
            table.mistake(None, f"no object comes to this rule: that of line {self._always} matches all")
        elif condition.is_always_met:
            self._always = table.line


def _options(table: Table, defaults: Table | None, folder: Path) -> PipelineOptions:
    fallback = _choice(table, defaults, "time_fallback", "reject", "object")
    after = _choice(table, defaults, "after", *After)
    return PipelineOptions(
        falls_back_to_upload_time=fallback == "object",
        after=After.KEEP if after is None else After(after),
        processing=_processing(table, defaults, folder),
    )


def _processing(table: Table, defaults: Table | None, folder: Path) -> ProcessingOptions:
    """Each option is the rule's own, or else that of the defaults."""
    given: dict[str, Any] = {}
    origins: dict[str, Table] = {}
    for name in PROCESSING_OPTIONS:
        for origin in (table, defaults):
            if name not in origins and origin is not None and (value := origin.raw(name)) is not None:
                given[name], origins[name] = value, origin
    options = ProcessingOptions.from_table(given, folder)
    if isinstance(options, ProcessingOptions):
        return options
    for mistake in options:
        origins[mistake.key].mistake(mistake.key, f"`{mistake.key}` {mistake.sentence}")
    return ProcessingOptions()


def _choice(table: Table, defaults: Table | None, name: str, *allowed: str) -> str | None:
    own = table.choice(name, *allowed)
    return own if defaults is None or table.raw(name) is not None else defaults.choice(name, *allowed)
