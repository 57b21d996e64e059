"""Every format there is, in the order in which each is asked whether it recognises a file."""

from ingestor.formats import combined, cri, csv, elb, json, logfmt, regex, s3access, syslog, vpcflow, w3c
from ingestor.formats.json import cloudtrail, cloudwatch, guardduty, otlp, route53, waf
from ingestor.formats.known import KnownFormat

KNOWN_FORMATS: tuple[KnownFormat, ...] = (
    cloudtrail.KNOWN,
    cloudwatch.KNOWN,
    otlp.KNOWN,
    waf.KNOWN,
    route53.KNOWN,
    guardduty.KNOWN,
    elb.KNOWN,
    s3access.KNOWN,
    vpcflow.KNOWN,
    w3c.KNOWN,
    cri.KNOWN,
    combined.KNOWN,
    syslog.KNOWN,
    logfmt.KNOWN,
    csv.KNOWN,
    regex.KNOWN,
)

JSON = json.KNOWN
"""What a file is read as that no other format recognises; it says what it is not."""
