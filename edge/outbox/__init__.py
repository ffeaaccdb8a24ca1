"""Rows that survive anything: written down first, then sent, then struck off."""
