"""The protocol's messages (RFC 7644 §8.2), read and written with marshmallow."""

from flask_bsr_scim.messages.answers import cursor_list_response as cursor_list_response
from flask_bsr_scim.messages.answers import error_document as error_document
from flask_bsr_scim.messages.answers import list_document as list_document
from flask_bsr_scim.messages.answers import list_response as list_response
from flask_bsr_scim.messages.answers import list_text as list_text
from flask_bsr_scim.messages.base import ERROR as ERROR
from flask_bsr_scim.messages.base import LIST_RESPONSE as LIST_RESPONSE
from flask_bsr_scim.messages.base import PATCH_OP as PATCH_OP
from flask_bsr_scim.messages.base import PREFIX as PREFIX
from flask_bsr_scim.messages.base import SEARCH_REQUEST as SEARCH_REQUEST
from flask_bsr_scim.messages.patch import read_patch as read_patch
from flask_bsr_scim.messages.search import EVERYTHING as EVERYTHING
from flask_bsr_scim.messages.search import SearchRequest as SearchRequest
from flask_bsr_scim.messages.search import Selection as Selection
from flask_bsr_scim.messages.search import read_search_parameters as read_search_parameters
from flask_bsr_scim.messages.search import read_search_request as read_search_request
from flask_bsr_scim.messages.search import read_selection as read_selection
