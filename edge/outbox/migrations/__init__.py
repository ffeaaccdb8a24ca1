"""The schema of the outbox, one numbered file for each version."""
