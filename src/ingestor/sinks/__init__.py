"""Where rows go: `postgres` is the one sink."""
