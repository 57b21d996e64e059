"""A name says what is meant: no two modules of src have a class of one name, none of tests/support a helper."""

import ast
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.support.documents import ROOT

type Names = Callable[[Path], Iterator[str]]


def class_names(module: Path) -> Iterator[str]:
    """Of the classes and type aliases at the module's top."""
    for node in ast.parse(module.read_text()).body:
        if isinstance(node, ast.ClassDef):
            yield node.name
        elif isinstance(node, ast.TypeAlias):
            yield node.name.id


def helper_names(module: Path) -> Iterator[str]:
    """Of the functions at the module's top, but for a program's `main`."""
    for node in ast.parse(module.read_text()).body:
        if isinstance(node, ast.FunctionDef) and node.name != "main":
            yield node.name


def names_of_several(tree: Path, names: Names) -> dict[str, list[str]]:
    places = defaultdict(list)
    for module in sorted(tree.rglob("*.py")):
        for name in names(module):
            places[name].append(str(module.relative_to(tree)))
    return {name: modules for name, modules in places.items() if len(modules) > 1}


@pytest.mark.parametrize("tree", ["src", "tests/support"])
def test_no_two_classes_have_one_name(tree: str) -> None:
    assert names_of_several(ROOT / tree, class_names) == {}


def test_no_two_helpers_of_tests_have_one_name() -> None:
    assert names_of_several(ROOT / "tests" / "support", helper_names) == {}


def test_two_of_one_name_are_found(tmp_path: Path) -> None:
    (tmp_path / "one.py").write_text("class Loaded:\n    pass\n\n\ndef load():\n    pass\n")
    (tmp_path / "other.py").write_text("type Loaded = int\n\n\ndef load():\n    pass\n")
    assert names_of_several(tmp_path, class_names) == {"Loaded": ["one.py", "other.py"]}
    assert names_of_several(tmp_path, helper_names) == {"load": ["one.py", "other.py"]}
