"""Measures the server beside what Flask and SQLite can give, and beside another Flask SCIM server."""
