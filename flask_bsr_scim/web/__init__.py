"""The Flask side: extension, blueprint, settings, command line and the standalone server."""
