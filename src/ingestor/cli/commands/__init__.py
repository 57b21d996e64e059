"""The commands of `ingestor`, one module each."""
