"""Lists of resources (RFC 7644 §3.4.2), a page at a time: by index, remembered from page to page, or by cursor."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import groupby
from operator import attrgetter

from flask_bsr_scim.anchors import Anchors, place_of
from flask_bsr_scim.backends.base import Backend, Query
from flask_bsr_scim.cursors import Cursors
from flask_bsr_scim.exchange import Context, Options, Response
from flask_bsr_scim.filter import FilterReader, narrow, parse_filter
from flask_bsr_scim.messages import SearchRequest, Selection, cursor_list_response, list_response, list_text
from flask_bsr_scim.projections import Projections
from flask_bsr_scim.resource import Resource
from flask_bsr_scim.schema import ResourceType, TypeRegistry
from flask_bsr_scim.search import Search
from flask_bsr_scim.sorting import SortReader, sorts_of
from flask_bsr_scim.streams import stream_all
from flask_bsr_scim.view import SEPARATOR, View


class Lists:
    """Answers queries with one page each."""

    def __init__(self, types: TypeRegistry, backend: Backend, options: Options, projections: Projections) -> None:
        self._types, self._backend, self._options, self._projection = types, backend, options, projections.of
        self._filters, self._sorts = FilterReader(), SortReader()
        self._cursors, self._anchors = Cursors(backend), Anchors(backend)

    def of_type(self, context: Context, resource_type: ResourceType, request: SearchRequest) -> Response:
        """Return a page of the matching resources of a type; errors are those of `ServiceProvider.search`."""
        projection = self._projection(resource_type.name, request.selection)
        filter, form = (None, None) if request.filter is None else self._filters.read(request.filter, resource_type)
        offset, count = request.start_index - 1, self._count(request)
        walk = context.actor.token_id, request.filter, request.sort_by, request.descending, resource_type.name
        # Hardly any page of matches is full.
        is_import = filter is None and projection.is_default and request.cursor is None
        query = Query(
            context.view,
            filter,
            self._sorts.read(resource_type, request),
            offset,
            count,
            projection.needs_links,
            texts=projection.is_default,
            form=form,
            place=place_of(walk, offset + count) if is_import else None,
        )
        if request.cursor is not None:
            queries = {resource_type.name: replace(query, texts=False)}
            return self._walk(context, resource_type.endpoint, queries, request, request.cursor)
        page = self._anchors.page(context.tenant, walk, resource_type.name, query)
        numbers = page.total, request.start_index, page.size
        if page.texts is None:
            return Response(200, list_response(*numbers, stream_all(context.view, projection, page.resources)))
        return Response(200, list_text(*numbers, page.texts))

    def of_all(self, context: Context, request: SearchRequest) -> Response:
        """Return a page of the matching resources of all types; errors are those of `ServiceProvider.search_all`."""
        queries = dict(self._queries(context, request))
        if request.cursor is not None:
            return self._walk(context, "/", queries, request, request.cursor)
        page = Search(self._backend, context.tenant, queries).by_index(request.start_index - 1, self._count(request))
        texts = self._texts_of_all(context.view, page.resources, request.selection)
        return Response(200, list_response(page.total, request.start_index, len(page.resources), texts))

    def _count(self, request: SearchRequest) -> int:
        count = self._options.default_count if request.count is None else request.count
        return min(count, self._options.max_results)

    def _queries(self, context: Context, request: SearchRequest) -> Iterator[tuple[str, Query]]:
        """Yield what a query over all types asks of each of them, without the page; nothing where none can match."""
        types = self._types.exposed
        filters = {} if request.filter is None else narrow(parse_filter(request.filter), types)
        sorts = sorts_of(types, request)
        for resource_type in types:
            links = self._projection(resource_type.name, request.selection).needs_links
            bound = filters.get(resource_type.name, True)
            if bound is not False:
                sort = sorts.get(resource_type.name)
                yield resource_type.name, Query(context.view, None if bound is True else bound, sort, links=links)

    def _walk(
        self, context: Context, endpoint: str, queries: dict[str, Query], request: SearchRequest, cursor: str
    ) -> Response:
        """Return the page for which a cursor stands, with the cursors of those beside it (RFC 9865)."""
        tenant, count = context.tenant, self._count(request)
        asked = repr((endpoint, [*queries], request.filter, request.sort_by, request.descending, request.selection))
        place = self._cursors.read(tenant, asked, count, cursor)
        found = Search(self._backend, tenant, queries).by_cursor(place, count)
        following, previous = (
            beside and self._cursors.write(tenant, asked, count, beside) for beside in (found.following, found.previous)
        )
        texts = self._texts_of_all(context.view, found.resources, request.selection)
        size = len(found.resources)
        return Response(200, cursor_list_response(found.total, size, texts, following=following, previous=previous))

    def _texts_of_all(self, view: View, resources: Iterable[Resource], selection: Selection) -> Iterator[str]:
        separator = ""
        for type_name, some in groupby(resources, attrgetter("type")):
            yield separator
            yield from stream_all(view, self._projection(type_name, selection), some)
            separator = SEPARATOR
