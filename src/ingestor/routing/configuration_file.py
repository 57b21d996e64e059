"""Where `ingestor.toml` is: at INGESTOR_CONFIG, else in the folder that the code is in, else in the working directory.

A function's code folder is what the template's `CodeUri` names, so that a file beside `handler` is deployed with it.
"""

from dataclasses import dataclass
from pathlib import Path

from ingestor.errors import ConfigurationError

FILE_NAME = "ingestor.toml"
CODE_FOLDER = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, slots=True)
class ConfigurationText:
    """Read from the disk once, so that all of a command's processes go by the same."""

    path: str
    text: str

    @property
    def name(self) -> str:
        return Path(self.path).name

    @property
    def folder(self) -> Path:
        """Where the modules of Python processors are, if they are nowhere else."""
        return Path(self.path).resolve().parent


def find_configuration(named: str | None) -> ConfigurationText | None:
    """None: there is none. Raises ConfigurationError where `named`, or what was found, can't be read."""
    if named is not None:
        return _read(Path(named), "INGESTOR_CONFIG: ")
    for folder in (CODE_FOLDER, Path()):
        path = folder / FILE_NAME
        try:
            is_there = path.is_file()
        except OSError as error:
            raise ConfigurationError(f"{path}: {error.strerror or error}") from error
        if is_there:
            return _read(path, "")
    return None


def _read(path: Path, who: str) -> ConfigurationText:
    try:
        return ConfigurationText(str(path), path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise ConfigurationError(f"{who}{path}: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise ConfigurationError(
            f"{who}{path} is not UTF-8: line {line} has the byte 0x{error.object[error.start]:02x}; "
            "save it as UTF-8"
        ) from None
    except ValueError as error:  # a path with NUL
        raise ConfigurationError(f"{who}{path}: {error}") from error
