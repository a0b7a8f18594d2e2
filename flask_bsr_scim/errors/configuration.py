"""Mistakes of the host application."""


class ConfigurationError(Exception):
    """A setting, schema or backend URI of the host application is wrong; the message lists the valid choices."""
