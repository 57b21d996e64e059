"""A class's name says which class is meant: no other module of the same tree has one of that name."""

import ast
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.support.documents import ROOT


def class_names(module: Path) -> Iterator[str]:
    """Of the classes and type aliases at the module's top."""
    for node in ast.parse(module.read_text()).body:
        if isinstance(node, ast.ClassDef):
            yield node.name
        elif isinstance(node, ast.TypeAlias):
            yield node.name.id


def names_of_several(tree: Path) -> dict[str, list[str]]:
    places = defaultdict(list)
    for module in sorted(tree.rglob("*.py")):
        for name in class_names(module):
            places[name].append(str(module.relative_to(tree)))
    return {name: modules for name, modules in places.items() if len(modules) > 1}


@pytest.mark.parametrize("tree", ["src", "tests/support"])
def test_no_two_classes_have_one_name(tree: str) -> None:
    assert names_of_several(ROOT / tree) == {}


def test_a_class_and_an_alias_of_one_name_are_found(tmp_path: Path) -> None:
    (tmp_path / "one.py").write_text("class Loaded:\n    pass\n\n\nclass Once:\n    pass\n")
    (tmp_path / "other.py").write_text("type Loaded = int\n")
    assert names_of_several(tmp_path) == {"Loaded": ["one.py", "other.py"]}
