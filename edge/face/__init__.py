"""Does the person before the camera hold this document? A process of its own answers (docs/overview.md)."""
