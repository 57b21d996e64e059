"""Third act: logs in four formats of others, told apart by key and content, and one query over all of them.

demo/logs holds them as their documentation writes them, with addresses and names that are kept for examples (RFC 5737):

https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-access-logs.html
https://nginx.org/en/docs/http/ngx_http_log_module.html
https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/standard-logs-reference.html
https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html
"""

import gzip
from pathlib import Path

from demo.report import Question
from demo.uploads import Upload, exactly

LOGS = Path(__file__).parent / "logs"
_AWS = "AWSLogs/123456789012"


def format_uploads() -> tuple[Upload, ...]:
    return (
        _upload(
            f"{_AWS}/elasticloadbalancing/us-east-1/2026/11/23/123456789012_elasticloadbalancing_us-east-1_app.shop."
            "50dc6c495c0c9188_20261123T1125Z_192.0.2.1_5kl2x3yz.log.gz",
            "load_balancer.log",
            "a load balancer's access log",
            rows=2,
        ),
        _upload("nginx/access.log.gz", "nginx.log", "nginx, told by its first line", rows=3),
        _upload(
            "cdn/E2EXAMPLE12345.2026-11-23-11.a1b2c3d4.gz",
            "cloudfront.log",
            "CloudFront, whose header names the columns",
            rows=2,
        ),
        _upload(
            f"{_AWS}/CloudTrail/us-east-1/2026/11/23/"
            "123456789012_CloudTrail_us-east-1_20261123T1125Z_x3yzAbCd12345678.json.gz",
            "cloudtrail.json",
            "CloudTrail, one object with all entries within",
            rows=2,
        ),
    )


def _upload(key: str, name: str, shows: str, *, rows: int) -> Upload:
    return Upload(key, gzip.compress((LOGS / name).read_bytes()), shows, rows=exactly(rows))


OVER_ALL_FORMATS = Question(
    "What failed, whoever logged it?",
    """\
SELECT to_char(timestamp AT TIME ZONE 'UTC', 'HH24:MI:SS') AS utc, format, level, method, url, status_code AS status,
       remote_address
FROM logs JOIN files ON files.id = logs.file_id
WHERE format <> 'json' AND level IN ('warn', 'error') ORDER BY timestamp, ordinal""",
)
