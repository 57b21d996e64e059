"""What most lines of each format's files are: no traps, values that vary as they do in files of one hour.

Made from the examples of the formats' documentation, which the formats' modules name; addresses are those of
documentation. One line in 50 is one of tests/data/formats, which are full of traps.
"""

import json
import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

SAMPLES = Path(__file__).parents[1] / "tests/data/formats"
LINES = 20_000
TRAP_EVERY = 50
_BEGIN = datetime(2026, 11, 24, 12, tzinfo=UTC)
_AGENTS = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36",
    "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0",
    "curl/8.5.0",
    "ELB-HealthChecker/2.0",
)
_STATUSES = (200, 200, 200, 200, 201, 204, 304, 404, 502)


class Values:
    """The same for each run."""

    def __init__(self) -> None:
        self._random = random.Random(11)  # noqa: S311 - a sample, no secret
        self.at = _BEGIN
        self.choice = self._random.choice
        self.below = self._random.randrange

    def next(self) -> None:
        self.at += timedelta(microseconds=self.below(20_000))

    def iso(self) -> str:
        return self.at.strftime("%Y-%m-%dT%H:%M:%S.%fZ")

    def clf(self) -> str:
        return self.at.strftime("%d/%b/%Y:%H:%M:%S +0000")

    def address(self) -> str:
        return f"192.0.2.{self.below(1, 255)}"

    def hexadecimal(self, digits: int) -> str:
        return f"{self._random.getrandbits(4 * digits):0{digits}x}"

    def path(self) -> str:
        path = f"/api/orders/{self.below(100_000)}"
        return f"{path}?page={self.below(9)}&sort=date" if self.below(4) == 0 else path


def combined(v: Values) -> str:
    return (
        f'{v.address()} - - [{v.clf()}] "GET {v.path()} HTTP/1.1" {v.choice(_STATUSES)} {v.below(50_000)} '
        f'"https://www.example.org/start" "{v.choice(_AGENTS)}"'
    )


def elb(v: Values) -> str:
    target, group = (
        f"10.0.0.{v.below(1, 20)}:80",
        "arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup",
    )
    status = v.choice(_STATUSES)
    return (
        f"https {v.iso()} app/shop/50dc6c495c0c9188 {v.address()}:{v.below(1024, 65536)} {target} 0.00{v.below(9)} "
        f"0.{v.below(1000):03} 0.000 {status} {status} {v.below(900)} {v.below(50_000)} "
        f'"GET https://www.example.com:443{v.path()} HTTP/1.1" "{v.choice(_AGENTS)}" ECDHE-RSA-AES128-GCM-SHA256 '
        f'TLSv1.2 {group}/shop/73e2d6bc24d8a067 "Root=1-{v.hexadecimal(8)}-{v.hexadecimal(24)}" "www.example.com" '
        '"arn:aws:acm:eu-west-1:123456789012:certificate/12345678-1234-1234-1234-123456789012" '
        f'{v.below(9)} {v.iso()} "forward" "-" "-" "{target}" "{status}" "-" "-" TID_{v.hexadecimal(32)} "-" "-" "-"'
    )


def s3access(v: Values) -> str:
    owner = "79a59df900b949e55d96a1e698fbacedfd6e09d98eacf8f8d5218e7cd47ef2be"
    path = v.path()
    return (
        f"{owner} shop [{v.clf()}] {v.address()} {owner} {v.hexadecimal(16).upper()} REST.GET.OBJECT {path[1:]} "
        f'"GET /shop{path} HTTP/1.1" {v.choice(_STATUSES)} - {v.below(9999)} {v.below(9999)} {v.below(99)} '
        f'{v.below(60)} "-" "{v.choice(_AGENTS)}" - {v.hexadecimal(64)} SigV4 TLS_AES_128_GCM_SHA256 AuthHeader '
        "shop.s3.eu-west-1.amazonaws.com TLSv1.3 - - eu-west-1"
    )


def vpcflow(v: Values) -> str:
    start = int(v.at.timestamp())
    return (
        f"2 123456789012 eni-{v.hexadecimal(17)} {v.address()} 198.51.100.{v.below(1, 255)} {v.below(1024, 65536)} "
        f"{v.choice((22, 443, 5432))} 6 {v.below(400)} {v.below(90_000)} {start} {start + 60} "
        f"{v.choice(('ACCEPT', 'ACCEPT', 'REJECT'))} OK"
    )


def cloudfront(v: Values) -> str:
    path, _, query = v.path().partition("?")
    agent = v.choice(_AGENTS).replace(" ", "%20")
    return "\t".join(
        (
            v.at.strftime("%Y-%m-%d\t%H:%M:%S"), "DUB2-C1", str(v.below(9999)), v.address(), "GET",
            "d111111abcdef8.cloudfront.net", path, str(v.choice(_STATUSES)), "https://www.example.com/start", agent,
            query or "-", "-", v.choice(("Hit", "Miss")), v.hexadecimal(54) + "==", "www.example.com", "https",
            str(v.below(99)), f"0.{v.below(1000):03}", "-", "TLSv1.3", "TLS_AES_128_GCM_SHA256", "Hit", "HTTP/2.0",
            "-", "-", str(v.below(1024, 65536)), f"0.{v.below(1000):03}", "Hit", "text/html", str(v.below(9999)), "-",
            "-",
        )
    )  # fmt: skip


def iis(v: Values) -> str:
    path, _, query = v.path().partition("?")
    agent = v.choice(_AGENTS).replace(" ", "+")
    return (
        f"{v.at:%Y-%m-%d %H:%M:%S} 10.0.0.5 GET {path} {query or '-'} 443 - {v.address()} {agent} "
        f"https://www.example.com/ {v.choice(_STATUSES)} 0 0 {v.below(900)}"
    )


def logfmt(v: Values) -> str:
    return (
        f'ts={v.iso()} level=info msg="request completed" method=GET path={v.path()} status={v.choice(_STATUSES)} '
        f"duration={v.below(900)}ms request_id={v.hexadecimal(16)} host=web-1 remote_addr={v.address()}"
    )


def syslog(v: Values) -> str:
    return (
        f"<{v.choice((14, 30, 165))}>1 {v.iso()} web-{v.below(9)}.example.com checkout {v.below(1, 65536)} ID47 - "
        f"payment {v.hexadecimal(12)} of {v.address()} accepted in {v.below(900)} ms"
    )


def cri(v: Values) -> str:
    return (
        f"{v.iso()[:-1]}{v.below(1000):03}Z {v.choice(('stdout', 'stderr'))} F payment {v.hexadecimal(12)} of "
        f"{v.address()} accepted in {v.below(900)} ms"
    )


def csv(v: Values) -> str:
    return (
        f'{v.iso()},info,"order {v.below(100_000)}, paid",GET,{v.path()},{v.choice(_STATUSES)},{v.address()}'
    )


def json_kinds(v: Values) -> str:
    """Elastic Common Schema, as its loggers write it."""
    return json.dumps(
        {
            "@timestamp": v.iso(), "log.level": "INFO", "message": "request completed", "ecs.version": "9.0.0",
            "service": {"name": "shop", "environment": "production"}, "trace.id": v.hexadecimal(32),
            "http": {"request": {"method": "GET"}, "response": {"status_code": v.choice(_STATUSES)}},
            "url": {"path": v.path()}, "client": {"ip": v.address()}, "process": {"pid": 7},
            "user_agent": {"original": v.choice(_AGENTS)}, "event": {"duration": v.below(10**9)},
        }
    )  # fmt: skip


type Line = Callable[[Values], str]
_FORMATS: dict[str, tuple[Line, str]] = {
    "combined": (combined, "combined.log"),
    "elb": (elb, "elb.log"),
    "s3access": (s3access, "s3access.log"),
    "vpcflow": (vpcflow, ""),
    "cloudfront": (cloudfront, "cloudfront.log"),
    "iis": (iis, ""),
    "logfmt": (logfmt, "logfmt.log"),
    "syslog": (syslog, "syslog.log"),
    "cri": (cri, "cri.log"),
    "csv": (csv, ""),
    "json-kinds": (json_kinds, "json-kinds.json"),
}
_HEADERS = {
    "csv": "time,level,message,method,path,status,client\n",
    "vpcflow": "version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes start end "
    "action log-status\n",
    "iis": "#Software: Microsoft Internet Information Services 10.0\n#Fields: date time s-ip cs-method cs-uri-stem "
    "cs-uri-query s-port cs-username c-ip cs(User-Agent) cs(Referer) sc-status sc-substatus sc-win32-status "
    "time-taken\n",
}
"""These have no traps among their lines: another header line would say what the lines after it are."""

NAMES = tuple(_FORMATS)


def lines(name: str) -> bytes:
    """20,000 lines and the header before them."""
    line, sample = _FORMATS[name]
    traps = [each for each in (SAMPLES / sample).read_text().splitlines() if each] if sample else []
    header = "".join(f"{trap}\n" for trap in traps[:2] if trap.startswith("#"))
    traps = [trap for trap in traps if not trap.startswith("#")]
    values = Values()
    made = []
    for index in range(LINES):
        values.next()
        is_trap = traps and index % TRAP_EVERY == TRAP_EVERY - 1
        made.append(traps[index // TRAP_EVERY % len(traps)] if is_trap else line(values))
    return (_HEADERS.get(name, header) + "\n".join(made) + "\n").encode()
