"""logfmt: `name=value` after `name=value` on a line, values with spaces in quotes.

    ts=2026-11-24T12:00:00Z level=info msg="request completed" method=GET path=/orders status=200 duration=12ms

https://brandur.org/logfmt
https://pkg.go.dev/github.com/kr/logfmt
"""

import re

import msgspec

from ingestor.formats.known import FormatOptions, KnownFormat, most_lines, refuse_useless
from ingestor.formats.mapping import Fields
from ingestor.formats.own_fields import WHOLE, own_mapping
from ingestor.formats.text import TextFormat
from ingestor.model.rows import Rejection

_PAIR = re.compile(r'([^\s="]++)(?:(=)(?:"((?:[^"\\]++|\\.)*+)"|([^\s]*+)))?', re.DOTALL)
_HAS_TIME = re.compile(rb"(?:^|\s)(?:ts|time|timestamp|t)=").search
_HAS_LEVEL_OR_MESSAGE = re.compile(rb"(?:^|\s)(?:level|lvl|msg|message)=").search
_unquoted = msgspec.json.Decoder(str).decode
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)


def parsed(line: str, _context: object) -> Fields | Rejection:
    """A name without a value is true. Of a name that comes twice the last value counts."""
    if "=" not in line:
        return Rejection("not logfmt: there is no name=value")
    fields = None if "\\" in line else _split(line)
    if fields is None:
        fields = parsed_step_by_step(line)
    return fields or Rejection("not logfmt: there is no name=value")


def parsed_step_by_step(line: str) -> Fields:
    fields: Fields = {}
    for name, has_value, quoted, bare in _PAIR.findall(line):
        if quoted:
            fields[name] = quoted if "\\" not in quoted else unescaped_string(quoted)
        else:
            fields[name] = bare if has_value else True
    return fields


def _split(line: str) -> Fields | None:
    """The same in half of the time; None: it has quotes at unusual places."""
    parts = line.split('"')
    last = len(parts) - 1
    if last % 2:
        return None
    fields: Fields = {}
    for index in range(0, last + 1, 2):
        part = parts[index]
        words = part.split()
        name = None
        if index < last:
            name = words.pop()[:-1] if part.endswith("=") else ""
            if not name or "=" in name:
                return None
        if index and part and not part[0].isspace():
            return None
        for word in words:
            key, has_value, value = word.partition("=")
            if not key:
                return None
            fields[key] = value if has_value else True
        if name is not None:
            fields[name] = parts[index + 1]
    return fields


def unescaped_string(text: str) -> str:
    """As JSON and Go escape; where they don't, what is behind a backslash stands for itself."""
    try:
        return _unquoted(f'"{text}"')
    except msgspec.DecodeError:
        return _ESCAPED.sub(r"\1", text)


def make(options: FormatOptions) -> TextFormat:
    refuse_useless(KNOWN.name, options, "columns", "time_zone", "time_format")
    return TextFormat(KNOWN.name, parsed, own_mapping(options, names_message=False), whole=WHOLE)


def recognises(head: bytes) -> bool:
    return most_lines(head, _is_logfmt)


def _is_logfmt(line: bytes) -> bool:
    """It has a time, and a level or a message."""
    return bool(line[:1] not in (b"{", b"[") and _HAS_TIME(line) and _HAS_LEVEL_OR_MESSAGE(line))


KNOWN = KnownFormat("logfmt", make, recognises)
