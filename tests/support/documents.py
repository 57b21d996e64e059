"""The project's Markdown, as tests read it."""

import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
README = ROOT / "README.md"
DOCUMENTS = (
    README,
    ROOT / "CONTRIBUTING.md",
    ROOT / "CHANGELOG.md",
    ROOT / "examples" / "README.md",
    ROOT / "deploy" / "terraform" / "README.md",
    *sorted((ROOT / "docs").rglob("*.md")),
)
"""Every one a person reads."""

_FENCED = re.compile(r"^```(?P<language>\w*)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
_OF_OTHER_LANGUAGES = re.compile(r"^```(?!bash)\w+\n.*?^```$", re.MULTILINE | re.DOTALL)
_TYPED = re.compile(r"^```bash\n(?P<fenced>(?:.*\n)*?)```$|(?:^ {4}.*\n)+", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Block:
    document: Path
    line: int
    text: str

    @property
    def name(self) -> str:
        return f"{self.document.relative_to(ROOT)}:{self.line}"


def fenced_blocks(document: Path, language: str) -> list[Block]:
    text = document.read_text()
    return [
        Block(document, text.count("\n", 0, found.start()) + 1, found["text"])
        for found in _FENCED.finditer(text)
        if found["language"] == language
    ]


def command_lines(document: Path) -> list[str]:
    """What its indented and `bash` blocks tell the reader to type, in their order, without comments."""
    found = _TYPED.finditer(_OF_OTHER_LANGUAGES.sub("", document.read_text()))
    lines = (line.strip() for block in found for line in (block["fenced"] or block[0]).splitlines())
    return [re.sub(r"\s+# .*", "", line) for line in lines if line]


def table_rows(text: str) -> list[list[str]]:
    """The cells of every row of every table, headers included."""
    rows = [line for line in text.splitlines() if line.startswith("| ")]
    return [re.split(r"\s*\|\s+", row.removeprefix("| ").removesuffix(" |")) for row in rows]


def section(document: Path, title: str) -> str:
    """The text below a heading of the second level, to the next one."""
    found = re.search(
        rf"^## {re.escape(title)}\n(.*?)(?=^## |\Z)", document.read_text(), re.MULTILINE | re.DOTALL
    )
    if found is None:
        raise AssertionError(f"{document.name} has no section {title!r}")
    return found[1]


def code_spans(text: str) -> list[str]:
    return re.findall(r"`([^`\n]+)`", _FENCED.sub("", text))
