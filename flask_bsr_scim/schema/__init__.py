"""What a resource is (RFC 7643): attributes, schemas, resource types, and the validator compiled from them."""

from flask_bsr_scim.schema.attribute import JSON as JSON
from flask_bsr_scim.schema.attribute import Attribute as Attribute
from flask_bsr_scim.schema.attribute import Document as Document
from flask_bsr_scim.schema.attribute import Mutability as Mutability
from flask_bsr_scim.schema.attribute import Returned as Returned
from flask_bsr_scim.schema.attribute import Source as Source
from flask_bsr_scim.schema.attribute import Type as Type
from flask_bsr_scim.schema.attribute import Uniqueness as Uniqueness
from flask_bsr_scim.schema.indexed import IndexedAttribute as IndexedAttribute
from flask_bsr_scim.schema.paths import AttributePath as AttributePath
from flask_bsr_scim.schema.paths import values_at as values_at
from flask_bsr_scim.schema.profile import PROFILES as PROFILES
from flask_bsr_scim.schema.profile import discovery_schemas as discovery_schemas
from flask_bsr_scim.schema.profile import load_profile as load_profile
from flask_bsr_scim.schema.profile import make_resource_type as make_resource_type
from flask_bsr_scim.schema.projection import Projection as Projection
from flask_bsr_scim.schema.projection import make_projection as make_projection
from flask_bsr_scim.schema.resource_type import Extension as Extension
from flask_bsr_scim.schema.resource_type import ResourceType as ResourceType
from flask_bsr_scim.schema.schema import Schema as Schema
from flask_bsr_scim.schema.type_registry import TypeRegistry as TypeRegistry
from flask_bsr_scim.schema.validator import Validator as Validator
