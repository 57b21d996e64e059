"""Text by a pattern of one's own: its named groups are the fields; by `first_line` an entry may have several lines.

How a pattern behaves is its author's business, and Python's `re` can't be stopped: so it is tried on no more than 8,192
characters, and a longer entry is rejected.
"""

import re
from collections.abc import Callable

from ingestor.errors import ConfigurationError
from ingestor.formats.framing import Framing
from ingestor.formats.framing.lines import Groups, Lines
from ingestor.formats.known import FormatOptions, KnownFormat, never, refuse_useless
from ingestor.formats.limits import Limits
from ingestor.formats.mapping import Fields
from ingestor.formats.own_fields import WHOLE, own_mapping
from ingestor.formats.text import Parse, TextFormat
from ingestor.model.rows import Rejection

LONGEST_MATCHED = 8 * 1024
"""Characters of an entry; and bytes of a line that `first_line` looks at."""


def make(options: FormatOptions) -> TextFormat:
    refuse_useless(KNOWN.name, options, "columns", "time_zone", "time_format", "pattern", "first_line")
    if options.pattern is None:
        raise ConfigurationError("regex needs a `pattern` with named groups: (?P<level>[A-Z]+)")
    pattern = _compiled("pattern", options.pattern)
    if not pattern.groupindex:
        raise ConfigurationError(f"`pattern` {options.pattern!r} has no named groups: (?P<level>[A-Z]+)")
    mapping = own_mapping(options, names_message=True)
    return TextFormat(KNOWN.name, _parser(pattern), mapping, _framing(options.first_line), whole=WHOLE)


def _parser(pattern: re.Pattern[str]) -> Parse:
    def parsed(text: str, _context: object) -> Fields | Rejection:
        if len(text) > LONGEST_MATCHED:
            return Rejection(f"longer than {LONGEST_MATCHED} characters, which a `pattern` isn't tried on")
        found = pattern.match(text)
        if found is None:
            return Rejection("the `pattern` doesn't match")
        return {name: value for name, value in found.groupdict().items() if value is not None}

    return parsed


def _framing(first_line: str | None) -> Callable[[Limits], Framing]:
    if first_line is None:
        return Lines
    try:
        begins = re.compile(_compiled("first_line", first_line).pattern.encode())
    except re.error as error:
        raise ConfigurationError(f"`first_line` {first_line!r}: {error}") from None
    return lambda limits: Groups(limits, lambda line: begins.match(line[:LONGEST_MATCHED]))


def _compiled(option: str, pattern: str) -> re.Pattern[str]:
    try:
        return re.compile(pattern, re.DOTALL)
    except (re.error, OverflowError, RecursionError) as error:
        raise ConfigurationError(f"`{option}` {pattern!r}: {error}") from None


KNOWN = KnownFormat("regex", make, never)
