"""`bucket`, `key`, `bucket_regex`, `key_regex` and `older_than` of a rule, to its condition."""

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from fnmatch import translate

from ingestor.routing.condition import ObjectCondition
from ingestor.routing.toml_table import Table

_DURATION = re.compile(r"([0-9]{1,6})(h|d|w)")
_ANY = "*"
_UNITS = {"h": timedelta(hours=1), "d": timedelta(days=1), "w": timedelta(weeks=1)}
_EXPECTED_AGE = (
    '`older_than` must be a date (2026-11-23), a time (2026-11-23T12:00:00Z) or an age ("90d", "12h", "4w")'
)


def read_condition(table: Table) -> ObjectCondition:
    return ObjectCondition(
        _patterns(table, "bucket"),
        _patterns(table, "key"),
        _age(table),
    )


def _patterns(table: Table, name: str) -> tuple[re.Pattern[str], ...] | None:
    globs, expressions = table.texts(name), table.texts(f"{name}_regex")
    if globs is not None and expressions is not None:
        table.mistake(f"{name}_regex", f"give `{name}` or `{name}_regex`, not both")
    if globs is not None and _ANY in globs:
        return None
    if globs is not None:
        return _compiled(table, name, globs, translate)
    return None if expressions is None else _compiled(table, f"{name}_regex", expressions, str)


def _compiled(
    table: Table, name: str, texts: tuple[str, ...], expression_of: Callable[[str], str]
) -> tuple[re.Pattern[str], ...]:
    patterns = []
    for text in texts:
        try:
            patterns.append(re.compile(expression_of(text)))
        except (re.error, OverflowError, RecursionError) as error:
            table.mistake(name, f"`{name}` is no regular expression: {error}")
    return tuple(patterns)


def _age(table: Table) -> datetime | timedelta | None:
    value = table.raw("older_than")
    if isinstance(value, str):
        value = _written(value)
    match value:
        case None if table.raw("older_than") is None:
            return None
        case datetime():
            return value if value.tzinfo else value.replace(tzinfo=UTC)
        case date():
            return datetime.combine(value, time(), UTC)
        case timedelta():
            return value
        case _:
            table.mistake("older_than", _EXPECTED_AGE)
            return None


def _written(text: str) -> datetime | timedelta | None:
    if found := _DURATION.fullmatch(text):
        return int(found[1]) * _UNITS[found[2]]
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None
