"""Names of fields that hold secrets: which fields are meant, and how a name is found within a text."""

import re
from dataclasses import dataclass
from functools import cached_property

CREDENTIALS = "credentials"
"""Stands for the headers that carry credentials: `authorization`, `proxy-authorization`, `cookie`, `set-cookie`,
`x-api-key`. Any name that ends like one of them counts: `http_cookie`, `cs(Cookie)`, `apiKey`."""

ENDS_OF_CREDENTIALS = ("authorization", "cookies", "cookie", "api-key", "apikey")
"""In lower case; a `-` is also `_` and a space."""

_AFTER_NAME = r"[)\]]?"

# `: `, `=`, ` => `; a quote and a comma, as in a list of names and values; or what a credential begins with.
_SEPARATOR = (
    r"[\"'\\)\]]*+[ \t]*+(?:=>|[:=])\s*+|[\"'\\]++[ \t]*+,[ \t]*+"
    r"|[ \t]++(?=(?i:bearer|basic|digest|negotiate)[ \t])"
)

_REMEMBERED = 10_000
"""As many names of fields; a log whose names are data must not fill the memory."""


@dataclass(frozen=True)
class SecretNames:
    """`own` are names as a rule gives them; a field is meant that has one of them, or whose name ends with one as a
    word of its own: `password` means `db_password` and `dbPassword` as well."""

    credentials: bool = False
    own: tuple[str, ...] = ()

    @property
    def is_empty(self) -> bool:
        return not self.credentials and not self.own

    def mean(self, name: str) -> bool:
        """Whether this is the name of a field to be redacted."""
        known = self._known.get(name)
        if known is None:
            known = self._key is not None and self._key.search(name) is not None
            if len(self._known) < _REMEMBERED:
                self._known[name] = known
        return known

    @cached_property
    def anywhere(self) -> re.Pattern[str] | None:
        return self._compiled("")

    @cached_property
    def in_text(self) -> re.Pattern[str] | None:
        """A name and what separates it from its value."""
        return self._compiled(f"{_AFTER_NAME}(?:{_SEPARATOR})")

    @cached_property
    def _key(self) -> re.Pattern[str] | None:
        return self._compiled(r"[)\]\s:=]*+\Z")

    @cached_property
    def _known(self) -> dict[str, bool]:
        return {}

    def _compiled(self, following: str) -> re.Pattern[str] | None:
        ends = [f"(?i:{_letters(end)})" for end in ENDS_OF_CREDENTIALS] if self.credentials else []
        alternatives = [*ends, *map(pattern_of, sorted(self.own, key=len, reverse=True))]
        return re.compile(f"(?:{'|'.join(alternatives)}){following}") if alternatives else None


def pattern_of(name: str) -> str:
    """One of a rule's own. A word begins after anything that is no letter or digit, or with a capital."""
    whole = rf"(?<![A-Za-z0-9])(?i:{_letters(name)})(?![A-Za-z0-9])"
    if not name[0].isalpha():
        return whole
    return rf"{whole}|(?<=[a-z0-9]){name[0].upper()}(?i:{_letters(name[1:])})(?![A-Za-z0-9])"


def _letters(name: str) -> str:
    return "".join("[-_ ]" if letter in "-_ " else re.escape(letter) for letter in name)
