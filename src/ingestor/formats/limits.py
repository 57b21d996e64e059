"""How much a batch, and one entry, may hold."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """A batch has at most `chunk_rows` entries, and `chunk_bytes` uncompressed bytes unless one entry is larger.

    An entry larger than `max_entry_bytes` is malformed and is skipped without being held.
    """

    chunk_rows: int
    chunk_bytes: int
    max_entry_bytes: int


DEPTH_LIMIT = 512
"""An entry nested deeper than this is malformed; the entry's own braces are depth 1."""

WHITESPACE = b" \t\r\n"
"""JSON's whitespace: https://www.rfc-editor.org/rfc/rfc8259#section-2"""

BOM = b"\xef\xbb\xbf"
"""What some programs write before UTF-8; it isn't part of the first entry."""
