"""What a message of the queue names: the objects to load.

S3's own notifications, directly or through SNS (raw or wrapped), EventBridge's, and our own hand-ons.
"""

from ingestor.notification.parsing import hand_on_message, parse

__all__ = ["hand_on_message", "parse"]
