"""Processors that are somebody's Python: a function named by its module, `mylogs:enrich`."""

import sys
from collections.abc import Callable
from contextlib import redirect_stdout
from dataclasses import dataclass
from hashlib import sha256
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

from ingestor.processors.mistakes import OptionMistake
from ingestor.processors.processor import EntryContext, Processed, Processor


@dataclass(frozen=True, slots=True)
class NamedProcessor:
    """A `Processor`. `source` is the hash of what its module, or its module's package, is written in."""

    name: str
    function: Callable[[dict[str, object], EntryContext], Processed]
    source: str

    def process(self, entry: dict[str, object], context: EntryContext, /) -> Processed:
        try:
            with redirect_stdout(sys.stderr):  # standard output is the command's result
                return self.function(entry, context)
        except SystemExit as end:
            if type(end) is not SystemExit:  # a signal's, which ends the command wherever it comes
                raise
            raise RuntimeError(f"it tried to end the process: {end!r}") from end


def read_processors(given: object, folder: Path | None) -> tuple[list[Processor], list[OptionMistake]]:
    """Imports the modules that are named, and no other; from `folder` as well, if there is one."""
    names = given if isinstance(given, list) else [given]
    read: list[Processor] = []
    mistakes: list[OptionMistake] = []
    for name in names:
        processor = _imported(name, folder)
        if isinstance(processor, OptionMistake):
            mistakes.append(processor)
        else:
            read.append(processor)
    return read, mistakes


def _imported(name: object, folder: Path | None) -> Processor | OptionMistake:
    if not isinstance(name, str) or not _is_import_path(name):
        return _mistake(
            f'must be a list of functions by their module, as in "mylogs:enrich"; {name!r} is none'
        )
    module_name, _, attribute = name.partition(":")
    if folder is not None and str(folder) not in sys.path:
        sys.path.append(str(folder))
    try:
        with redirect_stdout(sys.stderr):
            module = import_module(module_name)
        source = _source_of(module_name)
    except (Exception, SystemExit) as error:  # noqa: BLE001 - whatever the module raises is the configuration's mistake
        said = " ".join(str(error).split())
        return _mistake(f"`{name}`: {module_name} can't be imported: {type(error).__name__}: {said}")
    function = getattr(module, attribute, None)
    if function is None:
        return _mistake(f"`{name}`: {module_name} has no {attribute}")
    if not callable(function):
        return _mistake(f"`{name}`: {attribute} is no function")
    return NamedProcessor(name, function, source)


def _is_import_path(name: str) -> bool:
    module, colon, attribute = name.partition(":")
    return bool(colon) and attribute.isidentifier() and all(map(str.isidentifier, module.split(".")))


def _source_of(module_name: str) -> str:
    """Of a package all modules count: a function seldom stands alone. Raises OSError."""
    package = find_spec(module_name.partition(".")[0])
    content = sha256()
    for folder in (package.submodule_search_locations or ()) if package else ():
        for path in sorted(Path(folder).rglob("*.py")):
            content.update(f"{path.relative_to(folder)}\0".encode() + path.read_bytes() + b"\0")
    if package is not None and package.origin is not None and Path(package.origin).is_file():
        content.update(Path(package.origin).read_bytes())
    return content.hexdigest()


def _mistake(sentence: str) -> OptionMistake:
    return OptionMistake("processors", sentence)
