"""The keys under which AWS writes logs, as its documentation shows them, say which format a file has."""

import pytest

from ingestor.bootstrap.formats import JSON, KNOWN_FORMATS
from ingestor.routing.detection import Detection

DETECTION = Detection(KNOWN_FORMATS, JSON)
ACCOUNT = "123456789012"
DAY = "us-east-2/2026/05/01"
ELB = f"AWSLogs/{ACCOUNT}/elasticloadbalancing/{DAY}/"
OF_ELB = f"{ACCOUNT}_elasticloadbalancing_us-east-2"
END = "20260501T2340Z_192.0.2.1_20sg8hgm.log.gz"
FLOWS = f"{ACCOUNT}_vpcflowlogs_us-east-2_fl-1234abcd_20260501T1620Z_fe123456.log.gz"
HIVE = f"aws-account-id={ACCOUNT}/aws-service=vpcflowlogs/aws-region=us-east-2/year=2026/month=05/day=01"


@pytest.mark.parametrize(
    ("key", "name"),
    [
        (f"{ELB}{OF_ELB}_app.shop.1234567890abcdef_{END}", "elb"),
        (f"prefix/{ELB}{OF_ELB}_net.shop.1234567890abcdef_20260501T2340Z_20sg8hgm.log.gz", "elb"),
        (f"{ELB}{OF_ELB}_old-shop_{END.removesuffix('.gz')}", "elb"),
        (f"{ELB}conn_log.{OF_ELB}_app.shop.1234567890abcdef_{END}", "elb"),
        (f"{ELB}health_check_log_{OF_ELB}_app.shop.1234567890abcdef_{END}", "elb"),
        (f"prefix/AWSLogs/{ACCOUNT}/ELBAccessLogTestFile", "elb"),
        (f"AWSLogs/{ACCOUNT}/ELBConnectionLogTestFile", "elb"),
        (f"prefix/AWSLogs/{ACCOUNT}/vpcflowlogs/{DAY}/{FLOWS}", "vpcflow"),
        (f"AWSLogs/{HIVE}/{FLOWS}", "vpcflow"),
        ("example-prefix/E2EXAMPLE12345.2026-11-14-20.RT4KCN4SGK9.gz", "w3c"),
        ("E1EXAMPLE1234.2026-11-14-20.RT4KCN4SGK9.gz", "w3c"),
        ("EMLARXS9EXAMPLE.2026-11-14-20.RT4KCN4SGK9.gz", "w3c"),
        (f"AWSLogs/{ACCOUNT}/CloudFront/EMLARXS9EXAMPLE.2026-11-14-20.a1b2c3.gz", "w3c"),
        ("logs/2026-11-24-20-32-16-E568B2907131C0C0", "s3access"),
        (f"logs/{ACCOUNT}/eu-west-1/shop/2026/11/24/2026-11-24-20-32-16-E568B2907131C0C0", "s3access"),
    ],
)
def test_a_key_of_aws_says_the_format(key: str, name: str) -> None:
    found = DETECTION.by_key(key)
    assert found is not None
    assert found.known.name == name


@pytest.mark.parametrize(
    "key",
    [
        "app/2026-11-24.json.gz",
        "elasticloadbalancing/readme.txt",
        "errors.2026-11-14-20.abc.gz",
        "logs/2026-11-24-20-32-16-e568b2907131c0c0",
        "logs/2026-11-24-20-32-16-E568B2907131C0C0.json",
    ],
)
def test_other_keys_say_nothing(key: str) -> None:
    assert DETECTION.by_key(key) is None
