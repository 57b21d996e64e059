"""Flow logs of AWS VPCs and transit gateways, versions 2 to 8: a header line names the fields, in any order.

https://docs.aws.amazon.com/vpc/latest/userguide/flow-log-records.html
https://docs.aws.amazon.com/vpc/latest/tgw/tgw-flow-logs.html

Without a header, a line of 14 fields is the default format. `start` and `end` are seconds. A record without traffic
(`NODATA`), or with records that were skipped (`SKIPDATA`), has `-` in most fields.
"""

import re

from ingestor.formats.framing.lines import Lines
from ingestor.formats.known import FormatOptions, KnownFormat, first_lines, refuse_useless
from ingestor.formats.limits import Limits
from ingestor.formats.mapping import FieldMapping, Fields
from ingestor.formats.mapping.positions import Positions
from ingestor.formats.text import TextFormat
from ingestor.model.rows import Rejection

_NAME = "vpcflow"
_LEVEL = "level"
_NUMBERS = frozenset(
    (
        "version", "srcport", "dstport", "protocol", "packets", "bytes", "start", "end", "tcp-flags", "traffic-path",
        "packets-lost-no-route", "packets-lost-blackhole", "packets-lost-mtu-exceeded", "packets-lost-ttl-expired",
    )
)  # fmt: skip
_DEFAULT_NAMES = (
    "version", "account-id", "interface-id", "srcaddr", "dstaddr", "srcport", "dstport", "protocol", "packets",
    "bytes", "start", "end", "action", "log-status",
)  # fmt: skip
_HEADER = re.compile(rb"[a-z][a-z0-9-]*+(?: [a-z][a-z0-9-]*+)*+ ?").fullmatch
_OTHER_NAMES = (
    "vpc-id", "subnet-id", "instance-id", "tcp-flags", "type", "pkt-srcaddr", "pkt-dstaddr", "region", "az-id",
    "sublocation-type", "sublocation-id", "pkt-src-aws-service", "pkt-dst-aws-service", "flow-direction",
    "traffic-path", "reject-reason", "resource-type", "resource-id", "encryption-status", "tgw-id",
    "tgw-attachment-id", "tgw-pair-attachment-id",
)  # fmt: skip
_KNOWN_NAMES = frozenset(name.encode() for name in (*_DEFAULT_NAMES, *_OTHER_NAMES))
_NAMES_TO_RECOGNISE = 4
"""Some names are words that other logs may begin with: start, type, action, region."""
_DEFAULT_LINE = re.compile(rb"2 (?:[0-9]{12}|unknown) eni-[^ ]++(?: [^ ]++){11}").fullmatch

_MAPPING = FieldMapping(
    {
        "timestamp": ("start", "end"),
        "level": (_LEVEL,),
        "message": ("message",),
        "remote_address": ("srcaddr", "pkt-srcaddr"),
        "remote_port": ("srcport",),
        "hostname": ("instance-id", "interface-id", "tgw-id"),
        "context": ("action", "log-status"),
    }
)


def _positions(names: tuple[str, ...]) -> Positions:
    return Positions(names, tuple(name for name in names if name in _NUMBERS))


class VpcFlowHeader:
    """The first line, and others like it later: files that were joined have one each."""

    prefixes: tuple[bytes, ...] = tuple({name[:1] for name in _KNOWN_NAMES})

    def __init__(self) -> None:
        self.context: object = None

    def take(self, line: bytes, /) -> bool:
        if not _is_header(line):
            return False
        self.context = _positions(tuple(line.decode("ascii").split()))
        return True


def _is_header(line: bytes) -> bool:
    """Names alone, and half of them known: the names of versions to come are not."""
    if _HEADER(line) is None:
        return False
    return 2 * _known_names(line) >= len(line.split())


def _known_names(line: bytes) -> int:
    return sum(name in _KNOWN_NAMES for name in line.split())


_DEFAULT = _positions(_DEFAULT_NAMES)


def parsed(line: str, context: object) -> Fields | Rejection:
    positions = context if isinstance(context, Positions) else _DEFAULT
    values = line.rstrip(" ").split(" ")
    if len(values) < len(positions.names):
        return Rejection(f"a flow log record with {len(values)} of {len(positions.names)} fields")
    return positions.fields(values)


def _derive(fields: Fields, _context: object) -> None:
    """A flow that was not let through, and records that are missing, are worth a warning."""
    is_lost = fields.get("action") == "REJECT" or fields.get("log-status") == "SKIPDATA"
    fields[_LEVEL] = "warn" if is_lost else "info"


def make(options: FormatOptions) -> TextFormat:
    refuse_useless(_NAME, options, "columns")
    return TextFormat(_NAME, parsed, _MAPPING.preferring(options.columns), _framing, _derive)


def _framing(limits: Limits) -> Lines:
    return Lines(limits, VpcFlowHeader())


def recognises(head: bytes) -> bool:
    lines = first_lines(head)
    if not lines:
        return False
    is_certain = _known_names(lines[0]) >= _NAMES_TO_RECOGNISE
    return (is_certain and _is_header(lines[0])) or _DEFAULT_LINE(lines[0]) is not None


KNOWN = KnownFormat(
    _NAME, make, recognises, keys=("*AWSLogs/*/vpcflowlogs/*", "*AWSLogs/*/aws-service=vpcflowlogs/*")
)
