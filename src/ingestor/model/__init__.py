"""What every module speaks of: a stored object's version, an entry of it, a batch, a row and its columns."""
