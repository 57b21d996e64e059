"""What is wrong with a text that is no TOML, said to somebody who doesn't know TOML.

`tomllib` says where it stopped and what it was reading there: "Invalid hex value" of a path of Windows. What it says is
kept wherever nothing better is known.
"""

import re
import tomllib

_PLACE = re.compile(r" \(at (?:line (?P<line>\d+), column (?P<column>\d+)|end of document)\)$")
_ESCAPES = ("Invalid hex value", "Unescaped '\\' in a string")
_TWICE = ("Cannot overwrite a value", "Cannot declare", "Cannot redefine", "Cannot mutate", "Duplicate")
_INLINE = re.compile(r"inline table key '(.+)'")
_HEADER = re.compile(r"\s*\[+\s*(rule|test)\s*\]+")
_NAME = re.compile(r"\s*([\w.-]+)\s*=")
_UNQUOTED = re.compile(r"""\s*[\w.-]+\s*=\s*[^\s"'\[{]""")
_CURLY_QUOTES = re.compile("[“”„«»\u2018\u2019]")
_OTHER_LANGUAGE = re.compile(r"\s*(?:- )?[\w\"-]+\s*:")


def toml_mistake(text: str, error: tomllib.TOMLDecodeError | RecursionError) -> str:
    """The line, what is wrong with it, and what to write instead."""
    said = str(error)
    place = _PLACE.search(said)
    if place is None:
        return said
    said = said[: place.start()]
    lines = text.rstrip().split("\n")
    number = int(place["line"] or len(lines))
    line = lines[number - 1] if number <= len(lines) else ""
    column = f", column {place['column']}" if place["column"] else ""
    return f"line {number}{column}: {_meaning(said, line) or said}"


def _meaning(said: str, line: str) -> str | None:
    if said in _ESCAPES:
        return (
            'a backslash within "…" begins an escape; in single quotes it stands for itself: '
            r"'\d+', 'C:\logs\*'"
        )
    if said.startswith(_TWICE):
        return _twice(said, line)
    if _CURLY_QUOTES.search(line):
        return "these are no quotes of TOML; a text is in \" or '"
    if said.startswith(("Illegal character '\\n'", "Unterminated string", 'Expected "\'"')):
        return "a text's closing quote is missing"
    if said.startswith("Expected '='") and _OTHER_LANGUAGE.match(line):
        return 'an option is written with =, as in key = "*.log", below a line [[rule]]'
    if said == "Invalid value" and _UNQUOTED.match(line):
        return 'a text is in quotes, as in key = "*.log"; only numbers, dates, true and false are not'
    return None


def _twice(said: str, line: str) -> str:
    if header := _HEADER.match(line):
        return f"each {header[1]} begins with [[{header[1]}]], in double brackets"
    name = _INLINE.search(said) or _NAME.match(line)
    return f"`{name[1]}` is given twice in one table; keep one of them" if name else said
