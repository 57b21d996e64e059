"""`ingestor connect-bucket`."""

import click

from ingestor.cli.support.database_choice import environment_settings
from ingestor.cli.support.terminal import dry_run_option, json_option, output, print_json, shown
from ingestor.errors import IngestorError


@click.command("connect-bucket")
@click.option("--bucket", required=True, metavar="BUCKET", help="A bucket that is already there.")
@click.option(
    "--queue-arn", required=True, metavar="ARN", help="The ingest queue; its policy must let S3 send."
)
@click.option("--prefix", default="", metavar="PREFIX", help="Only keys that begin with it.")
@click.option("--remove", is_flag=True, help="Take our entry out again.")
@dry_run_option
@json_option
def connect_bucket(
    *, bucket: str, queue_arn: str, prefix: str, remove: bool, is_trial: bool, as_json: bool
) -> None:
    """Have a bucket notify the queue of each new object, beside all that it notifies already.

    A bucket has one notification configuration, and setting it replaces the whole of it: this reads it, adds our entry,
    writes it, and reads it again. Topics, other queues, functions and EventBridge stay.

    \b
    Example:
      ingestor connect-bucket --bucket my-logs --queue-arn arn:aws:sqs:… --prefix app/ --dry-run
    """
    from ingestor.aws.bucket_notifications import connected, disconnected, is_same  # noqa: PLC0415 - the same
    from ingestor.bootstrap import operating  # noqa: PLC0415 - boto3 takes a fifth of a second

    notifications = operating.bucket_notifications(environment_settings())
    before = notifications.read(bucket)
    wanted = disconnected(before) if remove else connected(before, queue_arn=queue_arn, prefix=prefix)
    is_change = not is_same(before, wanted)
    if is_change and not is_trial:
        notifications.write(bucket, wanted)
        if not is_same(notifications.read(bucket), wanted):
            raise IngestorError(
                f"s3://{bucket}: somebody else changed its notifications meanwhile: run it again"
            )
    if as_json:
        print_json({"bucket": bucket, "changed": is_change, "dry_run": is_trial, "configuration": wanted})
        return
    would = "would be " if is_trial else ""
    done = "disconnected from" if remove else "connected to"
    said = f"{would}{done}" if is_change else f"already {done}"
    output().print(shown(f"s3://{bucket}/{prefix} {said} {queue_arn}"), soft_wrap=True)
