"""The store in SQLite."""

from flask_bsr_scim.backends.sqlite.backend import SQLiteBackend as SQLiteBackend
