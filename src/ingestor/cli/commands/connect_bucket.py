"""`ingestor connect-bucket`: a bucket notifies the queue of its new objects."""

import click

from ingestor.aws.bucket_notifications import connected, disconnected, is_same
from ingestor.bootstrap import operating
from ingestor.cli.support.bucket_name import BucketParameter
from ingestor.cli.support.database_choice import environment_settings
from ingestor.cli.support.terminal import dry_run_option, json_option, output, print_json, shown
from ingestor.errors import IngestorError


@click.command("connect-bucket")
@click.option("--bucket", type=BucketParameter(), required=True, metavar="BUCKET", help="An existing bucket.")
@click.option(
    "--queue-arn", required=True, metavar="ARN", help="The ingest queue; its policy must let S3 send."
)
@click.option("--prefix", default="", metavar="P", help="Only keys with this prefix.")
@click.option("--remove", is_flag=True, help="Remove the entry again.")
@dry_run_option
@json_option
def connect_bucket(
    *, bucket: str, queue_arn: str, prefix: str, remove: bool, dry_run: bool, as_json: bool
) -> None:
    """Make a bucket notify the queue of each new object; its other notifications are kept.

    A bucket has one notification configuration, and writing it replaces all of it. So the command reads it, adds one
    entry, writes it, and reads it again as a check. Topics, other queues, functions and EventBridge are kept.

    \b
    Example:
      ingestor connect-bucket --bucket my-logs --queue-arn arn:aws:sqs:… --prefix app/ --dry-run
    """
    notifications = operating.bucket_notifications(environment_settings())
    before = notifications.read(bucket)
    wanted = disconnected(before) if remove else connected(before, queue_arn=queue_arn, prefix=prefix)
    is_change = not is_same(before, wanted)
    if is_change and not dry_run:
        notifications.write(bucket, wanted)
        if not is_same(notifications.read(bucket), wanted):
            raise IngestorError(
                f"s3://{bucket}: another program changed its notifications at the same time; run it again"
            )
    if as_json:
        print_json({"bucket": bucket, "changed": is_change, "dry_run": dry_run, "configuration": wanted})
        return
    would = "would be " if dry_run else ""
    done = "disconnected from" if remove else "connected to"
    result = f"{would}{done}" if is_change else f"already {done}"
    output().print(shown(f"s3://{bucket}/{prefix} {result} {queue_arn}"), soft_wrap=True)
