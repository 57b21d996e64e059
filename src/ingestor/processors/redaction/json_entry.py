"""One JSON entry without its secrets: in its bytes where that is sure, else by its fields.

The bytes are changed where each name is the key of a member whose value ends for certain: all else stays as it was. In
any other case the entry is decoded, and written anew if something was redacted. Bytes that are no JSON, an entry cut
short or malformed, lose all that follows a name: nobody can tell where its value ends.
"""

import re
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from msgspec import MsgspecError
from msgspec.json import Decoder, Encoder

from ingestor.processors.redaction.names import Names
from ingestor.processors.redaction.values import REDACTED, Redactor

_MARK = REDACTED.encode()
_UNREADABLE = (MsgspecError, UnicodeDecodeError, RecursionError)

# What follows a name that ends a key: a text, an array or an object that holds no other, a number or a literal.
_TEXT = rb'"(?:[^"\\]++|\\.)*+"'
_VALUE = re.compile(
    rb'[)\]]?"[ \t\r\n]*+:[ \t\r\n]*+(?P<value>%(text)s|\[(?:[^"{}\[\]]++|%(text)s)*+\]'
    rb"|\{(?:[^\"{}\[\]]++|%(text)s)*+\}|[-+.0-9a-zA-Z]++)" % {b"text": _TEXT},
    re.DOTALL,
)
_NULL = b"null"
_ESCAPE = re.compile(r"\\+u00([0-9a-fA-F]{2})")

_decode = Decoder(float_hook=Decimal).decode
_encode = Encoder(decimal_format="number").encode


@dataclass(frozen=True, slots=True)
class JsonRedaction:
    """What is redacted, in JSON and in any text."""

    names: Names
    patterns: tuple[re.Pattern[str], ...] = ()

    def entry(self, text: bytes) -> bytes:
        """`text` itself where there was nothing to redact."""
        if not self.patterns:
            if not self.names.may_be_in(text):
                return text
            in_bytes = self._in_bytes(text)
            if in_bytes is not None:
                return in_bytes
        try:
            return self._by_fields(text)
        except _UNREADABLE:
            return self.malformed(text)

    def text(self, text: str) -> str:
        return self.redactor().text(text)

    def redactor(self) -> Redactor:
        return Redactor(self.names, self.patterns, self._within)

    def malformed(self, raw: bytes) -> bytes:
        text = raw.decode("utf-8", "surrogateescape")
        plain = _ESCAPE.sub(_unescaped, text)
        for pattern in self.patterns:
            text = pattern.sub(REDACTED, text)
        if any(pattern.search(_ESCAPE.sub(_unescaped, text)) for pattern in self.patterns):
            return _MARK
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

    def _in_bytes(self, text: bytes) -> bytes | None:
        """None: not every name is the key of a value that ends for certain."""
        if self.names.is_written_with_escapes(text):
            return None
        spans = []
        for end in self.names.ends_in(text):
            found = _VALUE.match(text, end)
            if found is None:
                return None
            if found["value"] != _NULL:
                spans.append(found.span("value"))
        return _without(spans, text)

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


def _without(spans: list[tuple[int, int]], text: bytes) -> bytes:
    if not spans:
        return text
    parts, at = [], 0
    for start, end in sorted(spans):
        if start >= at:
            parts += [text[at:start], b'"', _MARK, b'"']
        at = max(at, end)
    return b"".join([*parts, text[at:]])


def _same(cleaned: Any, fields: Any) -> bool:  # noqa: ANN401 - whatever JSON holds
    return bool(cleaned == fields)


def _unescaped(found: re.Match[str]) -> str:
    return chr(int(found[1], 16))
