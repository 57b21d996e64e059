"""Where in a TOML document each value stands: `tomllib` gives values without their lines.

The document was read by `tomllib` before, so that it is known to be well-formed. What stands within a value, as in an
inline table, has the value's own line.
"""

import re
import tomllib
from collections import Counter
from collections.abc import Iterator
from typing import Any

type Path = tuple[str | int, ...]
"""Keys, and the positions in arrays of tables: the second `[[rule]]`'s `format` is ("rule", 1, "format")."""

_HEADER = re.compile(r"(\[\[?)([^\n]*?)(\]\]?)[ \t]*+(?:#[^\n]*)?(?=\n|\Z)")
_KEY = re.compile(r"""((?:[^\s="'#]|"(?:[^"\\\n]|\\.)*+"|'[^'\n]*+'|[ \t])+)=""")
_STRING = (
    r'"""(?:[^\\]|\\.)*?"""(?!")',
    r"'''.*?'''(?!')",
    r'"(?:[^"\\\n]|\\.)*+"',
    r"'[^'\n]*+'",
)
_TOKEN = re.compile(
    "|".join((*_STRING, r"#[^\n]*+", r"[\[{]", r"[\]}]", r"\n", r"[^\"'#\[\]{}\n]++")), re.DOTALL
)
_BLANK = re.compile(r"(?:[ \t\r\n]++|#[^\n]*+)*+")


class TomlLines:
    """The lines of one document, counted from 1."""

    def __init__(self, text: str) -> None:
        self._lines: dict[Path, int] = {(): 1}
        normalised = text.replace("\r\n", "\n")
        for path, start in _statements(normalised):
            line = normalised.count("\n", 0, start) + 1
            for length in range(1, len(path) + 1):
                self._lines.setdefault(path[:length], line)

    def of(self, path: Path) -> int:
        """The line of the value, or of the nearest one around it."""
        while path not in self._lines:
            path = path[:-1]
        return self._lines[path]


def _statements(text: str) -> Iterator[tuple[Path, int]]:
    """Each header and each key, with the whole path of what it begins, and where it stands."""
    table: Path = ()
    seen: Counter[Path] = Counter()
    at = _after(_BLANK, text, 0)
    while at < len(text):
        if header := _HEADER.match(text, at):
            table = _table_of(header, seen)
            yield table, at
            at = header.end()
        elif key := _KEY.match(text, at):
            yield table + _keys(key[1]), at
            at = _after_value(text, key.end())
        else:  # only a document that is not well-formed
            at = len(text)
        at = _after(_BLANK, text, at)


def _table_of(header: re.Match[str], seen: Counter[Path]) -> Path:
    """Of an array of tables, the one that was begun last."""
    keys = _keys(header[2])
    path: Path = ()
    for position, key in enumerate(keys):
        path += (key,)
        is_new = position == len(keys) - 1 and header[1] == "[["
        seen[path] += is_new
        if seen[path]:
            path += (seen[path] - 1,)
    return path


def _keys(dotted: str) -> tuple[str, ...]:
    found: Any = tomllib.loads(f"{dotted} = 0")
    keys: list[str] = []
    while isinstance(found, dict):
        ((key, found),) = found.items()
        keys.append(key)
    return tuple(keys)


def _after_value(text: str, at: int) -> int:
    depth = 0
    while token := _TOKEN.match(text, at):
        at = token.end()
        if token[0] in ("[", "{"):
            depth += 1
        elif token[0] in ("]", "}"):
            depth -= 1
        elif token[0] == "\n" and not depth:
            break
    return at


def _after(pattern: re.Pattern[str], text: str, at: int) -> int:
    found = pattern.match(text, at)
    return found.end() if found else at
