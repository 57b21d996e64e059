"""AWS beside S3 and SQS: clients, login, event source and schedule, bucket notifications, the operate function."""
