"""Where messages wait: `sqs` is the one queue."""
