"""docs/command-line.md says how a shell completes commands: click does it, under the variable named there."""

import re

import pytest
from click.shell_completion import get_completion_class
from tests.support.documents import ROOT

from ingestor.cli import main

LINES = re.findall(
    r"_INGESTOR_COMPLETE=(\w+)_source ingestor", (ROOT / "docs" / "command-line.md").read_text()
)


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_page_has_a_line_for_each_shell_that_completes(shell: str) -> None:
    assert shell in LINES
    completion = get_completion_class(shell)
    assert completion is not None
    found = completion(main, {}, "ingestor", "_INGESTOR_COMPLETE").get_completions([], "re")
    assert {"redrive", "reload", "resume", "retry"} <= {each.value for each in found}
