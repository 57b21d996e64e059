"""What `ingestor check` asks S3 and SQS."""

import shlex
from collections.abc import Iterator
from typing import assert_never

from ingestor import bootstrap
from ingestor.aws.bucket_notifications import Announcement, announcement
from ingestor.aws.queue_attributes import QueueAttributes
from ingestor.bootstrap import operating
from ingestor.cli.support.check_result import CheckResult, failed, not_set, passed
from ingestor.cli.support.context import command_context
from ingestor.cli.support.terminal import counted
from ingestor.errors import IngestorError
from ingestor.queues import Queue
from ingestor.settings import Settings


def aws_checks(settings: Settings) -> Iterator[CheckResult]:
    """The checks in order. One that depends on a failed one is left out, because it would only repeat it."""
    reachable = []
    for bucket in sorted(settings.watched_buckets):
        result = _bucket(settings, bucket)
        yield result
        if result.is_ok:
            reachable.append(bucket)
    if not settings.watched_buckets:
        yield not_set("buckets", "BUCKETS")
    queue = _queue(settings)
    yield queue
    yield _dead_letters(settings)
    if settings.queue_url is None or not queue.is_ok:
        return
    yield from _queue_wiring(settings, settings.queue_url, reachable)


def _bucket(settings: Settings, bucket: str) -> CheckResult:
    """Lists one page of the bucket and reads the first object's head."""
    name = f"bucket {bucket}"
    try:
        store = bootstrap.store(settings)
        store.end_with(command_context().deadline)
        files = store.page(bucket, settings.prefix).files
        if files:
            store.current(files[0])
    except IngestorError as error:
        return failed(name, error)
    below = f"below {settings.prefix}" if settings.prefix else "in it"
    return passed(name, "" if files else f"there is no object {below} yet")


def _queue(settings: Settings) -> CheckResult:
    if settings.queue_url is None:
        return not_set("queue", "QUEUE_URL")
    try:
        return passed("queue", _waiting(bootstrap.queue(settings), "message"))
    except IngestorError as error:
        return failed("queue", error)


def _dead_letters(settings: Settings) -> CheckResult:
    try:
        queue = bootstrap.dead_letter_queue(settings)
        if queue is None:
            return not_set("dead-letter queue", "DLQ_URL")
        return passed("dead-letter queue", _waiting(queue, "dead letter"))
    except IngestorError as error:
        return failed("dead-letter queue", error)


def _waiting(queue: Queue, noun: str) -> str:
    queue.end_with(command_context().deadline)
    return f"about {counted(queue.depth().visible, noun)}"


def _queue_wiring(settings: Settings, url: str, buckets: list[str]) -> Iterator[CheckResult]:
    """Checks what sends to the queue, and where its dead letters go."""
    try:
        attributes = operating.queue_attributes(settings, url)
    except IngestorError as error:
        yield failed("queue settings", error)
        return
    yield _visibility(settings, attributes)
    if settings.dlq_url is not None:
        yield _redrive_policy(settings, attributes, settings.dlq_url)
    for bucket in buckets:
        yield _notification(settings, bucket, attributes.arn)


def _visibility(settings: Settings, attributes: QueueAttributes) -> CheckResult:
    if attributes.visibility_seconds > settings.lease_seconds:
        return passed("queue settings")
    return failed(
        "queue settings",
        f"its visibility timeout, {attributes.visibility_seconds} s, must be longer than LEASE_SECONDS="
        f"{settings.lease_seconds:g}: set it to six times the handler's time-out",
    )


def _redrive_policy(settings: Settings, attributes: QueueAttributes, dlq_url: str) -> CheckResult:
    name = "redrive policy"
    try:
        wanted = operating.queue_attributes(settings, dlq_url).arn
    except IngestorError as error:
        return failed(name, error)
    if attributes.dead_letter_arn == wanted:
        return passed(name)
    return failed(
        name, f"dead letters of QUEUE_URL do not go to DLQ_URL: set its deadLetterTargetArn to {wanted}"
    )


def _notification(settings: Settings, bucket: str, queue_arn: str) -> CheckResult:
    name = f"notification of {bucket}"
    try:
        configuration = operating.bucket_notifications(settings).read(bucket)
    except IngestorError as error:
        return failed(name, error)
    command = f"ingestor connect-bucket --bucket {bucket} --queue-arn {queue_arn}"
    if settings.prefix:
        command += f" --prefix {shlex.quote(settings.prefix)}"
    found = announcement(configuration, queue_arn=queue_arn, prefix=settings.prefix)
    match found:
        case Announcement.ALL:
            return passed(name)
        case Announcement.INDIRECT:
            return passed(name, "by a topic or EventBridge, whose way to the queue is not checked")
        case Announcement.SOME:
            return failed(
                name,
                f"some new objects are not announced: remove the entry for this queue, then run `{command}`",
            )
        case Announcement.NONE:
            return failed(name, f"new objects are not announced to the queue: run `{command}`")
        case _:
            assert_never(found)
