"""Bulk jobs (RFC 7644 §3.7): many operations in one request, and in one transaction of the store."""

from collections.abc import Collection
from functools import partial
from time import monotonic
from urllib.parse import quote

from flask_bsr_scim.bulk_messages import BulkRequest, bulk_response
from flask_bsr_scim.bulk_order import in_order_of_need
from flask_bsr_scim.bulk_references import LeftOut
from flask_bsr_scim.bulk_steps import Performer, Step
from flask_bsr_scim.errors import Conflict, InvalidValue, PayloadTooLarge, ScimError, shown
from flask_bsr_scim.exchange import Context, Response
from flask_bsr_scim.messages import error_document
from flask_bsr_scim.provider import ServiceProvider
from flask_bsr_scim.schema import Document

_SECONDS = 5
"""A job that takes longer is given up: nobody else writes meanwhile."""


def process_bulk(
    provider: ServiceProvider, context: Context, request: BulkRequest, max_patch_operations: int
) -> Document:
    """Do the operations of a bulk job; return the BulkResponse with the result of each that was tried, in their order.

    An operation that is refused leaves its resource as it was, and the others go on (§3.7.3). Any other failure undoes
    them all.

    :param max_patch_operations: the largest number of operations in the data of one PATCH.
    :raises PayloadTooLarge: the job takes too long.
    """
    job = _Job(provider, context, request, max_patch_operations)
    with provider.backend.together(context.tenant):
        job.run()
    return bulk_response(job.results)


class _Job:
    """A bulk job under way."""

    def __init__(
        self, provider: ServiceProvider, context: Context, request: BulkRequest, max_patch_operations: int
    ) -> None:
        self._backend, self._context = provider.backend, context
        self._performer = Performer(provider, context, max_patch_operations)
        self._most_errors = request.fail_on_errors or len(request.operations)
        self._steps = self._performer.steps(request.operations)
        self._creators = {o.reference: number for number, o in enumerate(request.operations) if o.reference}
        self._needs = [{self._creators[r] for r in s.references if r in self._creators} for s in self._steps]
        self._ids: dict[str, str] = {}
        """What was created, by its reference."""
        self._results: dict[int, Document] = {}
        self._errors = 0

    @property
    def results(self) -> list[Document]:
        """What became of the operations that were tried, in the order of the job."""
        return [self._results[number] for number in sorted(self._results)]

    def run(self) -> None:
        """Do the operations, until there were as many errors as end the job."""
        deadline = monotonic() + _SECONDS
        for part in in_order_of_need(self._needs):
            if monotonic() > deadline:
                raise PayloadTooLarge(len(self._results), f"operations in {_SECONDS} seconds")
            if len(part) > 1 or part[0] in self._needs[part[0]]:
                self._run_circle(part)
            else:
                self._run_one(part[0])
            if self._errors >= self._most_errors:
                return

    def _run_one(self, number: int) -> None:
        try:
            self._succeed(number, self._performer.perform(self._steps[number], self._id))
        except ScimError as error:
            self._fail(number, error)

    def _run_circle(self, part: Collection[int]) -> None:
        """Create resources that refer to each other, all or none: first without those that are not there yet."""
        try:
            with self._backend.together(self._context.tenant):
                for number in part:
                    created = self._performer.perform(self._steps[number], partial(self._id_or_later, part))
                    self._succeed(number, created)
                for number in part:
                    self._complete(number)
        except ScimError as error:
            self._undo(part, number, error)

    def _complete(self, number: int) -> None:
        """Give a resource of a circle the references that it was created without."""
        step = self._steps[number]
        completed = self._performer.complete(step, self._ids[step.operation.reference or ""], self._id)
        self._succeed(number, completed._replace(status=201))

    def _undo(self, part: Collection[int], culprit: int, error: ScimError) -> None:
        """Note that a circle failed as a whole, because one of its operations did."""
        references = [self._steps[number].operation.reference or "" for number in part]
        for reference in references:
            self._ids.pop(reference, None)
        for number in part:
            self._fail(number, error if number == culprit else _depends_on(self._steps[culprit]))

    def _id(self, reference: str) -> str:
        """Return the id for which a reference stands.

        :raises Conflict: the operation that would have created it failed.
        :raises InvalidValue: no operation of the job has that bulkId.
        """
        if reference in self._ids:
            return self._ids[reference]
        if reference in self._creators:
            raise Conflict(f"This depends on {shown(reference)}, and that operation failed.")
        raise InvalidValue(f"{shown(reference)} stands for nothing: no POST of this request has that bulkId.")

    def _id_or_later(self, part: Collection[int], reference: str) -> str:
        """Return the same, or raise `LeftOut` for what a circle has not created yet."""
        if reference not in self._ids and self._creators.get(reference) in part:
            raise LeftOut
        return self._id(reference)

    def _succeed(self, number: int, response: Response) -> None:
        step = self._steps[number]
        if step.operation.reference and response.location:
            self._ids[step.operation.reference] = response.location.rpartition("/")[2]
        location = response.location or self._location(step)
        self._results[number] = _result(step, response.status, location, version=response.etag)

    def _fail(self, number: int, error: ScimError) -> None:
        step = self._steps[number]
        self._errors += 1
        self._results[number] = _result(step, error.status, self._location(step), response=error_document(error))

    def _location(self, step: Step) -> str | None:
        """Return the URI of the resource that a path names; a POST that failed has none."""
        path = step.operation.path
        if step.operation.method == "POST" or path is None:
            return None
        if step.resource_type is not None:
            path = f"{step.resource_type.endpoint}/{self._ids.get(step.place, step.place)}"
        return f"{self._context.view.base_url}/{quote(path.lstrip('/'), safe='/:')}"


def _result(step: Step, status: int, location: str | None, **others: str | Document | None) -> Document:
    operation = step.operation
    members = {"location": location, "method": operation.method, "bulkId": operation.bulk_id, **others}
    return {**{name: value for name, value in members.items() if value is not None}, "status": str(status)}


def _depends_on(step: Step) -> Conflict:
    return Conflict(f"This is in a circle of references with {shown(step.operation.reference or '')}, which failed.")
