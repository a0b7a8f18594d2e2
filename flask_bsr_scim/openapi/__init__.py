"""The OpenAPI document of a service: made of its resource types, its routes and its limits."""

from flask_bsr_scim.openapi.document import openapi_document as openapi_document
from flask_bsr_scim.openapi.operations import CONFIG_RULE as CONFIG_RULE
from flask_bsr_scim.openapi.operations import OPENAPI_RULE as OPENAPI_RULE
from flask_bsr_scim.openapi.served import Served as Served
