"""What a message of the queue names: the objects to load.

S3's own notifications, directly or through SNS (raw or wrapped), EventBridge's, and our own continuations.
"""

from ingestor.notifications.parsing import Parsed, continuation_message, parse, parse_each

__all__ = ["Parsed", "continuation_message", "parse", "parse_each"]
