"""A SCIM 2.0 service provider for Flask, and the reference implementation of the Buf Schema Registry's SCIM service."""

from flask_bsr_scim.errors import ConfigurationError
from flask_bsr_scim.registry import signals
from flask_bsr_scim.web.extension import BsrScim, create_blueprint, current_service

__all__ = ["BsrScim", "ConfigurationError", "create_blueprint", "current_service", "signals"]
