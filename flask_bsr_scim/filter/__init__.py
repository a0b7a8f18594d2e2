"""Filters (RFC 7644 §3.4.2.2): parsed, bound to a resource type, evaluated; and the order of results (§3.4.2.3)."""

from flask_bsr_scim.filter.ast import And as And
from flask_bsr_scim.filter.ast import BoundAnd as BoundAnd
from flask_bsr_scim.filter.ast import BoundComparison as BoundComparison
from flask_bsr_scim.filter.ast import BoundFilter as BoundFilter
from flask_bsr_scim.filter.ast import BoundNot as BoundNot
from flask_bsr_scim.filter.ast import BoundOr as BoundOr
from flask_bsr_scim.filter.ast import BoundPresent as BoundPresent
from flask_bsr_scim.filter.ast import BoundValuePath as BoundValuePath
from flask_bsr_scim.filter.ast import Comparison as Comparison
from flask_bsr_scim.filter.ast import Filter as Filter
from flask_bsr_scim.filter.ast import Not as Not
from flask_bsr_scim.filter.ast import Operator as Operator
from flask_bsr_scim.filter.ast import Or as Or
from flask_bsr_scim.filter.ast import Present as Present
from flask_bsr_scim.filter.ast import Scalar as Scalar
from flask_bsr_scim.filter.ast import ValuePath as ValuePath
from flask_bsr_scim.filter.binding import bind as bind
from flask_bsr_scim.filter.binding import bind_value_path as bind_value_path
from flask_bsr_scim.filter.binding import value_target as value_target
from flask_bsr_scim.filter.evaluator import evaluate as evaluate
from flask_bsr_scim.filter.indexing import equalities as equalities
from flask_bsr_scim.filter.ordering import sort_key as sort_key
from flask_bsr_scim.filter.parser import MAX_DEPTH as MAX_DEPTH
from flask_bsr_scim.filter.parser import MAX_LENGTH as MAX_LENGTH
from flask_bsr_scim.filter.parser import MAX_TERMS as MAX_TERMS
from flask_bsr_scim.filter.parser import parse_filter as parse_filter
