"""What several commands need: the database that is meant, a terminal, a stop, a stack."""
