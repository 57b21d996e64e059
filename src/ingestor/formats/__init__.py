"""From an object's stored bytes to entries: compression, limits, and a package or module for each format."""
