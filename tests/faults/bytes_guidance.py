"""Which branches of the code some bytes took: what takes a new one is worth mutating further."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import CodeType, FunctionType, ModuleType

_TOOL = 4
"""One of sys.monitoring's tools that neither debuggers nor coverage.py use."""

_OFTEN = 200
"""A branch taken so often one way isn't watched for a while: watching costs more than decoding."""

_WHILE = 500
"""Cases; then all branches are watched again."""


class Guidance:
    def __init__(self) -> None:
        self._taken: dict[tuple[CodeType, int, int], int] = {}
        self._known = 0
        self._asked = 0

    def __len__(self) -> int:
        return len(self._taken)

    def is_new(self) -> bool:
        """Since the last time it was asked, a branch was taken that never was before."""
        self._asked += 1
        if self._asked % _WHILE == 0:
            self._taken = dict.fromkeys(self._taken, 0)
            sys.monitoring.restart_events()
        known, self._known = self._known, len(self._taken)
        return self._known > known

    def branch(self, code: CodeType, source: int, destination: int) -> object:
        branch = (code, source, destination)
        times = self._taken[branch] = self._taken.get(branch, 0) + 1
        return sys.monitoring.DISABLE if times > _OFTEN else None


@contextmanager
def guided_by(modules: list[ModuleType]) -> Iterator[Guidance]:
    """Watches the functions of `modules`, and nothing else, while it is entered."""
    guidance, monitoring = Guidance(), sys.monitoring
    events = _branch_events()
    monitoring.use_tool_id(_TOOL, "tests.faults")
    try:
        for event in events:
            monitoring.register_callback(_TOOL, event, guidance.branch)
        for code in (code for module in modules for code in _codes(module)):
            monitoring.set_local_events(_TOOL, code, sum(events))
        yield guidance
    finally:
        for event in events:
            monitoring.register_callback(_TOOL, event, None)
        monitoring.free_tool_id(_TOOL)


def _branch_events() -> list[int]:
    """Python 3.14 tells the two ways apart."""
    events = sys.monitoring.events
    names = ("BRANCH_LEFT", "BRANCH_RIGHT") if hasattr(events, "BRANCH_LEFT") else ("BRANCH",)
    return [getattr(events, name) for name in names]


def _codes(module: ModuleType) -> Iterator[CodeType]:
    holders = [module, *(each for each in vars(module).values() if isinstance(each, type))]
    for each in (each for holder in holders for each in vars(holder).values()):
        function = each.fget if isinstance(each, property) else each
        if isinstance(function, FunctionType) and function.__module__ == module.__name__:
            yield from _nested(function.__code__)


def _nested(code: CodeType) -> Iterator[CodeType]:
    yield code
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _nested(constant)
