"""What can go wrong, one class a kind.

:class:`ScimError` and its children are answers to a client (RFC 7644 §3.12). :class:`StoreError` and its
children are what a storage backend reports; the provider turns them into answers.
:class:`ConfigurationError` is a mistake of the host application and is raised at start-up.
"""

from flask_bsr_scim.errors.configuration import ConfigurationError as ConfigurationError
from flask_bsr_scim.errors.details import shown as shown
from flask_bsr_scim.errors.http import Conflict as Conflict
from flask_bsr_scim.errors.http import Forbidden as Forbidden
from flask_bsr_scim.errors.http import InsufficientScope as InsufficientScope
from flask_bsr_scim.errors.http import InternalError as InternalError
from flask_bsr_scim.errors.http import MethodNotAllowed as MethodNotAllowed
from flask_bsr_scim.errors.http import NotFound as NotFound
from flask_bsr_scim.errors.http import NotImplementedHere as NotImplementedHere
from flask_bsr_scim.errors.http import PayloadTooLarge as PayloadTooLarge
from flask_bsr_scim.errors.http import PreconditionFailed as PreconditionFailed
from flask_bsr_scim.errors.http import ServiceUnavailable as ServiceUnavailable
from flask_bsr_scim.errors.http import TooManyRequests as TooManyRequests
from flask_bsr_scim.errors.http import Unauthorized as Unauthorized
from flask_bsr_scim.errors.http import UnsupportedMediaType as UnsupportedMediaType
from flask_bsr_scim.errors.protocol import ExpiredCursor as ExpiredCursor
from flask_bsr_scim.errors.protocol import InvalidCount as InvalidCount
from flask_bsr_scim.errors.protocol import InvalidCursor as InvalidCursor
from flask_bsr_scim.errors.protocol import InvalidFilter as InvalidFilter
from flask_bsr_scim.errors.protocol import InvalidPath as InvalidPath
from flask_bsr_scim.errors.protocol import InvalidSyntax as InvalidSyntax
from flask_bsr_scim.errors.protocol import InvalidValue as InvalidValue
from flask_bsr_scim.errors.protocol import Mutability as Mutability
from flask_bsr_scim.errors.protocol import NoTarget as NoTarget
from flask_bsr_scim.errors.protocol import ScimError as ScimError
from flask_bsr_scim.errors.protocol import TooMany as TooMany
from flask_bsr_scim.errors.protocol import Uniqueness as Uniqueness
from flask_bsr_scim.errors.store import PresumptionError as PresumptionError
from flask_bsr_scim.errors.store import ResourceNotFound as ResourceNotFound
from flask_bsr_scim.errors.store import StoreError as StoreError
from flask_bsr_scim.errors.store import StoreUnavailable as StoreUnavailable
from flask_bsr_scim.errors.store import UniquenessConflict as UniquenessConflict
from flask_bsr_scim.errors.store import UnknownMembers as UnknownMembers
from flask_bsr_scim.errors.store import VersionConflict as VersionConflict
