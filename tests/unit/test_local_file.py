"""Local files are read as one version each, by whatever name; standard input is named by its content."""

import hashlib
import io
import os
import threading
from datetime import UTC, datetime
from pathlib import Path

import pytest

from ingestor.errors import (
    ObjectSupersededError,
    SourceMissingError,
    SourceUnavailableError,
    UnreadableError,
)
from ingestor.model.source_file import ByteStream
from ingestor.sources.local import LocalFiles, local_source_file, spooled_standard_input

CONTENT = b'{"level":30}\n' * 1_000


@pytest.fixture
def path(tmp_path: Path) -> Path:
    made = tmp_path.resolve() / "app log+größe.json"
    made.write_bytes(CONTENT)
    return made


def everything(stream: ByteStream) -> bytes:
    try:
        return b"".join(iter(lambda: stream.read(4096), b""))
    finally:
        stream.close()


def change(path: Path, content: bytes) -> None:
    """In place, and visible in the modification time however coarse the clock is."""
    before = path.stat().st_mtime_ns
    path.write_bytes(content)
    os.utime(path, ns=(before + 1, before + 1))


def test_a_file_is_read_from_its_first_to_its_last_byte(path: Path) -> None:
    file = local_source_file(path)
    assert everything(LocalFiles().open(file)) == CONTENT


def test_a_file_is_named_by_its_absolute_path_and_tells_size_and_time(path: Path) -> None:
    file = local_source_file(path)
    assert (file.bucket, file.key, file.uri) == ("file", str(path), str(path))
    assert file.size_bytes == len(CONTENT)
    assert file.uploaded_at == datetime.fromtimestamp(path.stat().st_mtime, UTC)


def test_a_file_is_the_same_by_every_name(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "link.json").symlink_to(path)
    monkeypatch.chdir(tmp_path)
    names = [Path(path.name), Path("folder/..") / path.name, Path("link.json"), Path("./link.json"), path]
    assert len({local_source_file(name) for name in names}) == 1


def test_a_link_moved_to_another_file_is_another_file(path: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.json"
    other.write_bytes(b"{}")
    latest = tmp_path / "latest.json"
    latest.symlink_to(path)
    before = local_source_file(latest)
    latest.unlink()
    latest.symlink_to(other)
    assert local_source_file(latest).key != before.key


@pytest.mark.parametrize("content", [CONTENT + b"{}", CONTENT[:-1], CONTENT.upper()])
def test_a_changed_file_is_another_version(path: Path, content: bytes) -> None:
    before = local_source_file(path)
    change(path, content)
    after = local_source_file(path)
    assert after.etag != before.etag
    assert LocalFiles().current(before) == after
    with pytest.raises(ObjectSupersededError, match="changed since its loading began"):
        LocalFiles().open(before)


@pytest.mark.parametrize("content", [CONTENT + b"{}", CONTENT[:-1], CONTENT.upper()])
def test_a_file_changed_while_it_is_read_is_superseded_at_its_end(path: Path, content: bytes) -> None:
    stream = LocalFiles().open(local_source_file(path))
    assert stream.read(100) == CONTENT[:100]
    change(path, content)
    with pytest.raises(ObjectSupersededError):
        everything(stream)


def test_a_file_renamed_over_while_it_is_read_is_read_to_the_end_of_its_old_version(path: Path) -> None:
    stream = LocalFiles().open(local_source_file(path))
    newer = path.with_name("newer")
    newer.write_bytes(b"newer")
    newer.replace(path)
    assert everything(stream) == CONTENT


def test_an_unchanged_file_is_the_same_version(path: Path) -> None:
    file = local_source_file(path)
    assert LocalFiles().current(file) == file


def test_a_missing_file_is_missing(tmp_path: Path, path: Path) -> None:
    for missing in (tmp_path / "nowhere.json", path / "below-a-file.json", Path("a\0b")):
        with pytest.raises(SourceMissingError):
            local_source_file(missing)


def test_a_file_that_went_away_has_no_current_version(path: Path) -> None:
    file = local_source_file(path)
    path.unlink()
    assert LocalFiles().current(file) is None
    with pytest.raises(SourceMissingError, match="no such file"):
        LocalFiles().open(file)


def test_a_folder_is_refused_with_a_hint(tmp_path: Path) -> None:
    with pytest.raises(SourceMissingError, match=r"is a folder; name its files, e\.g\. .*/\*\.gz"):
        local_source_file(tmp_path)


def test_a_file_that_became_a_folder_is_missing(path: Path) -> None:
    file = local_source_file(path)
    path.unlink()
    path.mkdir()
    assert LocalFiles().current(file) is None
    with pytest.raises(SourceMissingError):
        LocalFiles().open(file)


def test_a_pipe_is_refused_without_waiting_for_its_writer(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(UnreadableError, match="ingestor local - <"):
        local_source_file(tmp_path / "pipe")


def test_a_path_that_is_not_utf_8_is_refused_because_the_ledger_cannot_hold_it(tmp_path: Path) -> None:
    path = Path(os.fsdecode(os.fsencode(tmp_path) + b"/gr\xf6\xdfe.json"))
    try:
        path.write_bytes(CONTENT)
    except OSError:
        pytest.skip("this file system takes UTF-8 names only")
    with pytest.raises(UnreadableError, match="not UTF-8"):
        local_source_file(path)


def test_a_symbolic_link_to_itself_is_no_crash(tmp_path: Path) -> None:
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    with pytest.raises(SourceUnavailableError):
        local_source_file(tmp_path / "loop")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_we_may_not_read_is_unavailable(path: Path) -> None:
    path.chmod(0)
    with pytest.raises(SourceUnavailableError, match="permission denied"):
        LocalFiles().open(local_source_file(path))


def test_reading_that_fails_is_unavailable(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = local_source_file(path)

    def denied(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", denied)
    with pytest.raises(SourceUnavailableError, match="may not read it"):
        LocalFiles().open(file)


def test_standard_input_is_named_by_its_content() -> None:
    digest = hashlib.sha256(CONTENT).hexdigest()
    names = []
    for _ in range(2):
        with spooled_standard_input(io.BytesIO(CONTENT)) as spooled:
            names.append((spooled.file.bucket, spooled.file.key, spooled.file.etag, spooled.file.size_bytes))
    assert names == [("file", f"stdin:sha256:{digest}", digest, len(CONTENT))] * 2


def test_standard_input_can_be_opened_as_often_as_needed(tmp_path: Path) -> None:
    with spooled_standard_input(io.BytesIO(CONTENT), tmp_path) as spooled:
        files = LocalFiles({spooled.file.key: spooled.path})
        assert [everything(files.open(spooled.file)) for _ in range(2)] == [CONTENT, CONTENT]
        assert files.current(spooled.file) == spooled.file
        assert spooled.path.parent == tmp_path
        assert spooled.path.stat().st_mode & 0o077 == 0


def test_the_copy_of_standard_input_is_gone_at_the_end_whatever_happens(tmp_path: Path) -> None:
    def fail() -> None:
        with spooled_standard_input(io.BytesIO(CONTENT), tmp_path):
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    with spooled_standard_input(io.BytesIO(CONTENT), tmp_path):
        assert len(list(tmp_path.iterdir())) == 1
    assert list(tmp_path.iterdir()) == []


def test_standard_input_is_read_to_its_end_from_a_pipe_that_gives_little_at_a_time(tmp_path: Path) -> None:
    reader, writer = os.pipe()

    def write() -> None:
        with os.fdopen(writer, "wb", buffering=0) as pipe:
            for at in range(0, len(CONTENT), 1_000):
                pipe.write(CONTENT[at : at + 1_000])

    thread = threading.Thread(target=write)
    thread.start()
    with os.fdopen(reader, "rb", buffering=0) as pipe, spooled_standard_input(pipe, tmp_path) as spooled:
        assert spooled.path.read_bytes() == CONTENT
    thread.join()


def test_empty_standard_input_is_an_empty_file(tmp_path: Path) -> None:
    with spooled_standard_input(io.BytesIO(b""), tmp_path) as spooled:
        assert spooled.file.size_bytes == 0
        assert everything(LocalFiles({spooled.file.key: spooled.path}).open(spooled.file)) == b""


def test_standard_input_that_cannot_be_copied_is_unavailable(tmp_path: Path) -> None:
    def spool() -> None:
        with spooled_standard_input(io.BytesIO(CONTENT), tmp_path / "nowhere"):
            pytest.fail("there is no such folder")

    with pytest.raises(SourceUnavailableError, match="standard input could not be copied"):
        spool()
