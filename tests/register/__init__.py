"""Which attack is stopped by which test? ``python -m tests.register`` writes docs/attacks.md."""
