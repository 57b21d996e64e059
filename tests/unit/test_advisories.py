"""What `make check` makes of pip-audit's answers: a vulnerability fails it, silence is said."""

import json
from pathlib import Path

import pytest
from tools import advisories

KNOWN = {
    "name": "click",
    "version": "8.5.1",
    "vulns": [{"id": "PYSEC-1", "fix_versions": ["8.5.2"], "aliases": []}],
}
SOUND = {"name": "rich", "version": "15.0.0", "vulns": []}
SKIPPED = {
    "name": "mdurl",
    "skip_reason": "Dependency not found on PyPI and could not be audited: mdurl (0.1.2)",
}


def printed(*dependencies: object) -> str:
    return json.dumps({"dependencies": dependencies, "fixes": []})


def test_a_known_vulnerability_is_named_and_fails() -> None:
    found = advisories.findings([printed(KNOWN, SOUND)], packages=2)
    assert found.lines == ("click 8.5.1: PYSEC-1, mended in 8.5.2",)
    assert found.status(is_required=False) == 1


def test_where_all_were_asked_and_nothing_is_known_nothing_is_said() -> None:
    found = advisories.findings([printed(SOUND), printed(SOUND)], packages=2)
    assert (found.lines, found.status(is_required=True)) == ((), 0)


@pytest.mark.parametrize("answers", [[printed(SKIPPED, SKIPPED)], ["", ""], ["Traceback"], ['{"other": 1}']])
def test_where_nobody_could_be_asked_it_is_said_and_fails_if_it_must_not_be(answers: list[str]) -> None:
    found = advisories.findings(answers, packages=2)
    assert found.lines == (
        "advisories: none of 2 packages could be asked about here; nothing is known of the rest",
    )
    assert (found.status(is_required=False), found.status(is_required=True)) == (0, 1)


def test_a_part_that_could_be_asked_is_told_as_a_part() -> None:
    found = advisories.findings([printed(SOUND), ""], packages=4)
    assert "1 of 4 packages" in found.lines[0]


def test_each_pinned_package_counts(tmp_path: Path) -> None:
    requirements = tmp_path / "requirements.txt"
    requirements.write_text(
        "# by make\nclick==8.5.1 \\\n    --hash=sha256:0==\nrich==15.0.0 \\\n    # via -r x==y\n"
    )
    assert advisories.package_count(requirements) == 2


def test_another_day_another_package_or_another_exception_asks_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    requirements = tmp_path / "requirements.txt"
    requirements.write_text("click==8.5.1\n")
    before = advisories.fingerprint([requirements])
    assert advisories.fingerprint([requirements]) == before
    monkeypatch.setattr(advisories, "ACCEPTED", {"PYSEC-1": "we don't call it"})
    accepted = advisories.fingerprint([requirements])
    requirements.write_text("click==8.5.2\n")
    assert len({before, accepted, advisories.fingerprint([requirements])}) == 3


def test_what_is_told_today_is_told_again_without_asking(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    requirements = tmp_path / "requirements.txt"
    requirements.write_text("click==8.5.1\n")
    asked: list[Path] = []

    def answer_nothing(path: Path) -> str:
        asked.append(path)
        return ""

    monkeypatch.setattr(advisories, "STAMP", tmp_path / "stamp")
    monkeypatch.setattr(advisories, "pip_audit", answer_nothing)
    assert advisories.main([requirements]) == advisories.main([requirements]) == 0
    assert asked == [requirements]
    assert capsys.readouterr().err.count("none of 1 packages") == 2
    monkeypatch.setenv("AUDIT", "required")
    assert advisories.main([requirements]) == 1
    assert asked == [requirements] * 2


def test_a_vulnerability_is_found_again_at_each_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    requirements = tmp_path / "requirements.txt"
    requirements.write_text("click==8.5.1\n")
    monkeypatch.setattr(advisories, "STAMP", tmp_path / "stamp")
    monkeypatch.setattr(advisories, "pip_audit", lambda _: printed(KNOWN))
    assert advisories.main([requirements]) == advisories.main([requirements]) == 1
