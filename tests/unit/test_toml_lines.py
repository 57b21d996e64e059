"""The line of each value of a TOML document, which tomllib doesn't tell."""

import tomllib
from textwrap import dedent

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingestor.routing.toml_lines import Path, TomlLines

DOCUMENT = dedent('''\
    # [not.a.header]
    title = "a # b" # c = 1
    a.b = 1
    "quoted = key" = 2
    text = """
    [rule]
    x = 1
    """
    list = [
      "a", # key = 1
      { b = "]" },
    ]

    [[rule]] # the first
    key = 'a]'
    [rule.columns]
    "message" = ["x"]
    [[rule.part]]
    n = 1

    [[ rule ]]
    columns = { message = "y", level = ["z"] }
    other = 1
    [[rule.part]]
    n = 2
    [[rule.part]]
    n = 3
    [ last . one ]
    z = """a""""
    end = 1''')


@pytest.mark.parametrize(
    ("path", "line"),
    [
        ((), 1), (("title",), 2), (("a", "b"), 3), (("quoted = key",), 4), (("text",), 5), (("list",), 9),
        (("rule", 0), 14), (("rule", 0, "key"), 15), (("rule", 0, "columns"), 16),
        (("rule", 0, "columns", "message"), 17), (("rule", 0, "part", 0, "n"), 19), (("rule", 1), 21),
        (("rule", 1, "columns", "message"), 22), (("rule", 1, "other"), 23), (("rule", 1, "part", 0, "n"), 25),
        (("rule", 1, "part", 1, "n"), 27), (("last", "one", "z"), 29), (("last", "one", "end"), 30),
        (("nowhere", "at", "all"), 1),
    ],
)  # fmt: skip
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_each_value_has_its_line(path: Path, line: int, newline: str) -> None:
    tomllib.loads(DOCUMENT)
    assert TomlLines(DOCUMENT.replace("\n", newline)).of(path) == line


_VALUES = st.sampled_from(
    ['"a#\\""', "'[x]'", '"""\n[t]\nk = 1"""', "'''a''b'''", "[1,\n# ]\n2]", "{a=1}", "2026-11-23"]
)


@given(st.lists(_VALUES, min_size=1, max_size=12))
def test_whatever_the_values_are_the_keys_have_their_lines(values: list[str]) -> None:
    text, expected = "", []
    for position, value in enumerate(values):
        text += f"[[t]]\nkey{position} = {value}\n"
        expected.append(text.count("\n") - value.count("\n"))
    tomllib.loads(text)
    lines = TomlLines(text)
    assert [lines.of(("t", n, f"key{n}")) for n in range(len(values))] == expected
