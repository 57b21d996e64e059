"""Each piece of ingestor.toml that a page shows can be read, and its tests pass."""

import re
import textwrap
from pathlib import Path

import pytest
from click.testing import CliRunner

from ingestor import bootstrap
from ingestor.cli import main
from ingestor.routing.configuration import read_configuration
from ingestor.routing.configuration_file import ConfigurationText

ROOT = Path(__file__).parents[2]
PAGES = [
    ROOT / "README.md",
    *sorted((ROOT / "docs").glob("*.md")),
    *sorted((ROOT / "docs/decisions").glob("*.md")),
]
_BLOCK = re.compile(r"^(?:    .*\n|\n(?=    ))+|^```toml\n(?:.*\n)*?(?=```)", re.MULTILINE)


def pieces(page: Path) -> list[str]:
    blocks = (textwrap.dedent(block.removeprefix("```toml\n")) for block in _BLOCK.findall(page.read_text()))
    return [
        block for block in blocks if re.search(r"^\[(?:\[rule\]|defaults|\[test\])\]", block, re.MULTILINE)
    ]


@pytest.mark.parametrize("page", [page for page in PAGES if pieces(page)], ids=lambda page: page.name)
def test_what_a_page_shows_is_read_without_a_mistake(page: Path, tmp_path: Path) -> None:
    path = str(tmp_path / "ingestor.toml")
    for piece in pieces(page):
        needs_modules = "processors = " in piece
        text = re.sub(r"^processors = .*$", "", piece, flags=re.MULTILINE) if needs_modules else piece
        read_configuration(ConfigurationText(path, text), bootstrap.DETECTION)


def test_the_page_about_rules_has_rules_and_a_test_that_passes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("INGESTOR_CONFIG", raising=False)
    shown = pieces(ROOT / "docs/configuration.md")
    assert any("[[test]]" in piece for piece in shown)
    (tmp_path / "ingestor.toml").write_text("\n".join(shown))
    done = CliRunner().invoke(main, ["try", "--test"])
    assert (done.exit_code, done.stdout) == (0, "ok      billing\n1 test, 0 failed\n")
