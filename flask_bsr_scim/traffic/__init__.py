"""Recorded traffic in a file: exported, sent again, held against stricter dialects, and turned into tests."""
