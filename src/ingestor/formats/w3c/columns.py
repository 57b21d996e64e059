"""What the lines that begin with # say of the lines after them."""

from dataclasses import dataclass, replace
from enum import Enum, auto
from functools import lru_cache

from ingestor.formats.mapping.positions import Positions

_ISO_DATE = len("2026-11-24")
NUMBERS = frozenset(
    (
        "sc-status", "sc-substatus", "sc-win32-status", "sc-bytes", "cs-bytes", "time-taken", "c-port", "s-port",
        "src-port", "dst-port", "time-to-first-byte", "sc-content-len", "sc-range-start", "sc-range-end",
        "fle-encrypted-fields", "timestamp(ms)", "origin-fbl", "origin-lbl",
    )
)  # fmt: skip
_CLOUDFRONT_NAMES = (
    "date", "time", "x-edge-location", "sc-bytes", "c-ip", "cs-method", "cs(Host)", "cs-uri-stem", "sc-status",
    "cs(Referer)", "cs(User-Agent)", "cs-uri-query", "cs(Cookie)", "x-edge-result-type", "x-edge-request-id",
    "x-host-header", "cs-protocol", "cs-bytes", "time-taken", "x-forwarded-for", "ssl-protocol", "ssl-cipher",
    "x-edge-response-result-type", "cs-protocol-version", "fle-status", "fle-encrypted-fields", "c-port",
    "time-to-first-byte", "x-edge-detailed-result-type", "sc-content-type", "sc-content-len", "sc-range-start",
    "sc-range-end",
)  # fmt: skip


class Writer(Enum):
    """CloudFront percent-encodes values and takes times in seconds. IIS writes + for a space and takes times in
    milliseconds. Others do what the W3C's draft says: seconds."""

    CLOUDFRONT = auto()
    IIS = auto()
    OTHER = auto()


@dataclass(frozen=True, slots=True)
class Columns:
    """`date` is that of lines without one; `headers` maps fields to the names of the headers that they hold."""

    positions: Positions
    writer: Writer
    headers: dict[str, str]
    date: str | None = None


@lru_cache(maxsize=8)
def columns_of(names: tuple[str, ...], software: str = "", date: str | None = None) -> Columns:
    """Kept, for a file may have the same header line at any place."""
    headers = {name: header for name in names if (header := _header_of(name)) is not None}
    positions = Positions(names, tuple(name for name in names if name in NUMBERS))
    return Columns(positions, _writer_of(names, software), headers, date)


def _header_of(name: str) -> str | None:
    if name.startswith("cs(") and name.endswith(")"):
        return name[3:-1].lower()
    return "x-forwarded-for" if name.lower() == "x-forwarded-for" else None


def _writer_of(names: tuple[str, ...], software: str) -> Writer:
    if any(name.startswith("x-edge-") for name in names):
        return Writer.CLOUDFRONT
    is_iis = "Internet Information Services" in software or {"sc-win32-status", "sc-substatus"} & set(names)
    return Writer.IIS if is_iis else Writer.OTHER


CLOUDFRONT = columns_of(_CLOUDFRONT_NAMES)
"""Of lines without a header line before them."""


class FieldsHeader:
    """`#Software`, `#Date` and `#Fields`, which may come again at any line: IIS writes them whenever it starts."""

    prefixes: tuple[bytes, ...] = (b"#",)

    def __init__(self) -> None:
        self.context: object = None
        self._columns: Columns | None = None
        self._software = ""
        self._date: str | None = None

    def take(self, line: bytes, /) -> bool:
        if not line.startswith(b"#"):
            return False
        name, _, text = line.decode("utf-8", "replace").partition(":")
        match name:
            case "#Software":
                self._software = text
            case "#Date":
                self._date = text.strip()[:_ISO_DATE]
                if self._columns is not None:
                    self._columns = replace(self._columns, date=self._date)
            case "#Fields":
                self._columns = columns_of(tuple(text.split()), self._software, self._date)
            case _:
                pass
        self.context = self._columns
        return True
