"""What a message of the queue names: the objects to load.

S3's own notifications, directly or through SNS (raw or wrapped), EventBridge's, and our own continuations.
"""

from ingestor.notifications.parsing import ParsedMessage, continuation_message, parse, parse_each

__all__ = ["ParsedMessage", "continuation_message", "parse", "parse_each"]
