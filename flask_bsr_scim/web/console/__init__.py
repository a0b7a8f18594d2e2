"""The console: pages for whoever connects an identity provider."""
