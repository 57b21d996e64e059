"""Names of fields that hold secrets, and how they are found: as a key, in an entry's bytes, and within a text."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

CREDENTIALS = "credentials"
"""Stands for the headers that carry credentials: `authorization`, `proxy-authorization`, `cookie`, `set-cookie`,
`x-api-key`. Any name that ends like one of them counts: `http_cookie`, `cs(Cookie)`, `apiKey`."""

_CREDENTIALS_END = r"(?i:authorization|cookies?|api[-_ ]?key)"

# A pattern's search for its first byte is memchr: four such searches take 0.5 microseconds for an entry of 600 bytes,
# a search for the words without regard to case 4.
_CREDENTIALS_IN_BYTES = tuple(
    re.compile(pattern)
    for pattern in (
        rb"k(?:(?<=[cC][oO][oO]k)[iI][eE][sS]?+|(?:(?<=[aA][pP][iI]k)|(?<=[aA][pP][iI][-_ ]k))[eE][yY])",
        rb"K(?:(?<=[cC][oO][oO]K)[iI][eE][sS]?+|(?:(?<=[aA][pP][iI]K)|(?<=[aA][pP][iI][-_ ]K))[eE][yY])",
        rb"z(?<=[aA][uU][tT][hH][oO][rR][iI]z)[aA][tT][iI][oO][nN]",
        rb"Z(?<=[aA][uU][tT][hH][oO][rR][iI]Z)[aA][tT][iI][oO][nN]",
    )
)

# A name may be written with escapes: `\u0063ookie`. Letters, digits, `-` and `_` are.
_ESCAPED = re.compile(rb"\\u00(?:[4-7]|3[0-9]|2[dD])")

_AFTER_NAME = r"[)\]]?"

# `: `, `=`, ` => `; a quote and a comma, as in a list of names and values; or what a credential begins with.
_SEPARATOR = (
    r"[\"'\\)\]]*+[ \t]*+(?:=>|[:=])[ \t]*+|[\"'\\]++[ \t]*+,[ \t]*+"
    r"|[ \t]++(?=(?i:bearer|basic|digest|negotiate)[ \t])"
)


@dataclass(frozen=True)
class Names:
    """`own` are names as a rule gives them; a field is meant that has one of them, or whose name ends with one as a
    word of its own: `password` means `db_password` and `dbPassword` as well."""

    credentials: bool = False
    own: tuple[str, ...] = ()

    def mean(self, name: str) -> bool:
        """Whether this is the name of a field to be redacted."""
        known = self._known.get(name)
        if known is None:
            known = self._key is not None and self._key.search(name) is not None
            if len(self._known) < _REMEMBERED:
                self._known[name] = known
        return known

    def may_be_in(self, text: bytes) -> bool:
        """False is sure."""
        return any(pattern.search(text) for pattern in self._in_bytes)

    def ends_in(self, text: bytes) -> Iterator[int]:
        """Where each name ends that is written in `text` without escapes, in no order."""
        for pattern in self._plain_in_bytes:
            for found in pattern.finditer(text):
                yield found.end()

    def is_written_with_escapes(self, text: bytes) -> bool:
        return _ESCAPED.search(text) is not None

    @cached_property
    def is_empty(self) -> bool:
        return not self.credentials and not self.own

    @cached_property
    def in_text(self) -> re.Pattern[str] | None:
        """A name and what separates it from its value."""
        return self._compiled(f"{_AFTER_NAME}(?:{_SEPARATOR})")

    @cached_property
    def anywhere(self) -> re.Pattern[str] | None:
        return self._compiled("")

    @cached_property
    def _key(self) -> re.Pattern[str] | None:
        return self._compiled(rf"{_AFTER_NAME}\Z")

    @cached_property
    def _known(self) -> dict[str, bool]:
        return {}

    @cached_property
    def _plain_in_bytes(self) -> tuple[re.Pattern[bytes], ...]:
        own = (re.compile(_own(self.own).encode()),) if self.own else ()
        return (*(_CREDENTIALS_IN_BYTES if self.credentials else ()), *own)

    @cached_property
    def _in_bytes(self) -> tuple[re.Pattern[bytes], ...]:
        return (*self._plain_in_bytes, _ESCAPED) if self._plain_in_bytes else ()

    def _compiled(self, following: str) -> re.Pattern[str] | None:
        alternatives = [
            *([_CREDENTIALS_END] if self.credentials else ()),
            *([_own(self.own)] if self.own else ()),
        ]
        return re.compile(f"(?:{'|'.join(alternatives)}){following}") if alternatives else None


_REMEMBERED = 10_000
"""As many names of fields; a log whose names are data must not fill the memory."""


def _own(names: Sequence[str]) -> str:
    return "(?:" + "|".join(map(_own_name, sorted(names, key=len, reverse=True))) + ")(?![A-Za-z0-9])"


def _own_name(name: str) -> str:
    """`-`, `_` and a space are one; a word begins after anything that is no letter or digit, or with a capital."""
    letters = [r"[-_ ]" if letter in "-_ " else re.escape(letter) for letter in name]
    anywhere = rf"(?<![A-Za-z0-9])(?i:{''.join(letters)})"
    if not (name[0].isascii() and name[0].isalpha()):
        return anywhere
    return rf"{anywhere}|(?<=[a-z0-9]){name[0].upper()}(?i:{''.join(letters[1:])})"
