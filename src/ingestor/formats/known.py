"""A format as rules and detection know it: its name, how it is made, and what tells it from the others."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from datetime import tzinfo
from functools import lru_cache

from ingestor.errors import ConfigurationError
from ingestor.formats import Format
from ingestor.formats.limits import BOM, WHITESPACE
from ingestor.formats.mapping import ColumnName

HEAD_BYTES = 64 * 1024
"""As much of a file is looked at to tell its format."""

_HEAD_LINES = 20


@dataclass(frozen=True, slots=True)
class FormatOptions:
    """What a rule of `ingestor.toml` says about a format. A format refuses what it has no use for.

    `columns` are names of fields to look at before the format's own. `time_zone` is that of times that don't give
    one; None is UTC. `time_format` is as `datetime.strptime` reads it. `header` names the columns of `csv`, where the
    file doesn't.
    """

    columns: Mapping[ColumnName, tuple[str, ...]] = field(default_factory=dict)
    time_zone: tzinfo | None = None
    time_format: str | None = None
    pattern: str | None = None
    first_line: str | None = None
    header: tuple[str, ...] | None = None
    delimiter: str | None = None


def refuse_useless(name: str, options: FormatOptions, *useful: str) -> None:
    """Raises ConfigurationError that names each option which is set and which the format `name` has no use for."""
    unused = FormatOptions()
    useless = [
        f"`{each.name}` is of no use to {name}"
        for each in fields(options)
        if each.name not in useful and getattr(options, each.name) != getattr(unused, each.name)
    ]
    if useless:
        raise ConfigurationError("\n".join(useless))


@dataclass(frozen=True, slots=True)
class KnownFormat:
    """`make` raises ConfigurationError that names the option which is missing, wrong or of no use to this format.

    `recognises` is given the first bytes of a file, uncompressed, at most HEAD_BYTES, perhaps cut within a line; it
    says yes only to what no other format begins like. `keys` are the globs of the keys under which AWS writes this
    format; `*` matches any characters, `/` too.
    """

    name: str
    make: Callable[[FormatOptions], Format]
    recognises: Callable[[bytes], bool]
    keys: tuple[str, ...] = ()


def never(_head: bytes) -> bool:
    """For a format that only a rule can name."""
    return False


def first_lines(head: bytes) -> list[bytes]:
    """At most 20 lines that are not blank, without their ends; the last of `head` only if it is whole or alone."""
    return list(_first_lines(head))


# Eight formats ask the same of one head.
@lru_cache(maxsize=1)
def _first_lines(head: bytes) -> tuple[bytes, ...]:
    lines = head.removeprefix(BOM).split(b"\n")
    if len(lines) > 1 and lines[-1]:
        del lines[-1]
    return tuple([line.rstrip(b"\r") for line in lines if line.strip(WHITESPACE)][:_HEAD_LINES])


def most_lines(head: bytes, is_one: Callable[[bytes], object]) -> bool:
    """Whether more than half of the first lines are of a format: a few may be broken."""
    lines = first_lines(head)
    return 2 * sum(1 for line in lines if is_one(line)) > len(lines)
