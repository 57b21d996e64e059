"""One JSON entry without its secrets: in its bytes where that is sure, else by its fields.

The bytes are changed where each name is the key of a member whose value ends for certain: all else stays as it was. In
any other case the entry is decoded, and written anew if something was redacted. Bytes that are no JSON, an entry cut
short or malformed, lose all that follows a name: nobody can tell where its value ends.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from msgspec import MsgspecError, Raw
from msgspec.json import Decoder, Encoder

from ingestor.model.rows import Entity
from ingestor.processors.redaction.names import SecretNames
from ingestor.processors.redaction.scan import Scan, is_escaped, scan_of
from ingestor.processors.redaction.values import REDACTED, Redactor

_MARK = b'"%b"' % REDACTED.encode()
_UNREADABLE = (MsgspecError, UnicodeDecodeError, RecursionError)

# What follows a name that ends a key: a text, an array or an object that holds no other, a number or a literal.
_TEXT = rb'"[^"\\\0]*+(?:\\.[^"\\\0]*+)*+"'
_VALUE = re.compile(
    rb'[)\]]?"[ \t\r\n]*+:[ \t\r\n]*+(?:null|(%(text)s|\[(?:[^"{}\[\]\0]++|%(text)s)*+\]'
    rb"|\{(?:[^\"{}\[\]\0]++|%(text)s)*+\}|[-+.0-9a-zA-Z]++))" % {b"text": _TEXT},
    re.DOTALL,
)
_NUL = b"\0"
_ESCAPE = re.compile(r"\\+u00([0-9a-fA-F]{2})")


class _Number:
    """One with a fraction or an exponent, as it is written: no type of Python holds them all.

    No dataclass: those msgspec encodes as objects.
    """

    __slots__ = ("written",)

    def __init__(self, written: str) -> None:
        self.written = written

    def __str__(self) -> str:
        return self.written


def _as_written(value: object) -> Raw:
    if isinstance(value, _Number):
        return Raw(value.written.encode())
    raise NotImplementedError


_decode = Decoder(float_hook=_Number).decode
_encode = Encoder(enc_hook=_as_written).encode


@dataclass(frozen=True, slots=True)
class JsonRedaction:
    """What is redacted, in JSON and in any text."""

    names: SecretNames
    patterns: tuple[re.Pattern[str], ...] = ()

    def entry(self, text: bytes) -> bytes:
        """`text` itself where there was nothing to redact."""
        if not self.patterns:
            block = self.block([text])
            if block is None:
                return text
            if block[0] is not None:
                return block[0]
        try:
            return self._by_fields(text)
        except _UNREADABLE:
            return self.malformed(text)

    def rejected(self, raw: bytes) -> bytes:
        """Of bytes that may be no entry at all."""
        try:
            _decode(raw)
        except _UNREADABLE:
            return self.malformed(raw)
        return self.entry(raw)

    def block(self, entries: Sequence[Entity]) -> list[bytes | None] | None:
        """Several entries, looked at together. None: there is nothing to redact in any of them.

        Of an entry that is None, the bytes alone don't tell: not every name in it is the key of a value whose end is
        certain. Entries are JSON, in which no NUL can be.
        """
        joined = _NUL.join(entries)
        parts: list[bytes] = []
        unsure: list[int] = []
        at, value_after = 0, _VALUE.match
        for hit in self._scan.hits(joined):
            value = value_after(joined, hit.end())
            if value is None or is_escaped(hit):
                unsure.append(hit.end())
                continue
            start, end = value.span(1)
            if start >= at:
                parts += (joined[at:start], _MARK)
                at = end
        if not parts and not unsure:
            return None
        redacted: list[bytes | None] = [*b"".join([*parts, joined[at:]]).split(_NUL)]
        for each in _entries_at(unsure, joined):
            redacted[each] = None
        return redacted

    def text(self, text: str) -> str:
        return self.redactor().text(text)

    def redactor(self) -> Redactor:
        return Redactor(self.names, self.patterns, self._within)

    @property
    def _scan(self) -> Scan:
        return scan_of(self.names)

    def malformed(self, raw: bytes) -> bytes:
        text = raw.decode("utf-8", "surrogateescape")
        plain = _ESCAPE.sub(_unescaped, text)
        for pattern in self.patterns:
            text = pattern.sub(REDACTED, text)
        if any(pattern.search(_ESCAPE.sub(_unescaped, text)) for pattern in self.patterns):
            return REDACTED.encode()
        if self.names.anywhere is not None and self.names.anywhere.search(plain):
            text = self._before_names(text)
        return text.encode("utf-8", "surrogateescape")

    def _before_names(self, text: str) -> str:
        """As far as no name stands, and no object that may hold one's value before its name."""
        found = self.names.anywhere.search(text) if self.names.anywhere else None
        if found is None:
            # It is written with escapes.
            return REDACTED
        follows = self.names.in_text.match(text, found.start()) if self.names.in_text else None
        if follows is not None and not follows[0].rstrip().endswith(","):
            return text[: follows.end()] + REDACTED
        return text[: max(text.rfind("{", 0, found.start()), text.rfind("[", 0, found.start()), 0)] + REDACTED

    def _by_fields(self, text: bytes) -> bytes:
        fields = _decode(text)
        cleaned = self.redactor().cleaned(fields)
        return text if _same(cleaned, fields) else _encode(cleaned)

    def _within(self, text: str) -> str | None:
        """A text that is JSON, as a logger writes it that was given JSON."""
        stripped = text.strip()
        if stripped[:1] not in ("{", "["):
            return None
        try:
            fields = _decode(stripped)
        except _UNREADABLE:
            return None
        cleaned = self.redactor().cleaned(fields)
        return text if _same(cleaned, fields) else _encode(cleaned).decode()


def _entries_at(positions: list[int], joined: bytes) -> Iterator[int]:
    entry, at = 0, 0
    for position in positions:
        entry += joined.count(_NUL, at, position)
        at = position
        yield entry


def _same(cleaned: Any, fields: Any) -> bool:  # noqa: ANN401 - whatever JSON holds
    return bool(cleaned == fields)


def _unescaped(found: re.Match[str]) -> str:
    return chr(int(found[1], 16))
