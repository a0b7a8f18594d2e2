"""PATCH (RFC 7644 §3.5.2): pure, and all operations or none."""

from collections.abc import Sequence
from dataclasses import dataclass

from flask_bsr_scim.errors import ScimError
from flask_bsr_scim.patch.binding import Binder
from flask_bsr_scim.patch.effort import Effort
from flask_bsr_scim.patch.members import Describe, MemberStep, Read, fold
from flask_bsr_scim.patch.operation import Op as Op
from flask_bsr_scim.patch.operation import Operation as Operation
from flask_bsr_scim.patch.operation import name_of as name_of
from flask_bsr_scim.patch.steps import Step, copy
from flask_bsr_scim.resource import MemberChanges
from flask_bsr_scim.schema import Document, ResourceType, Validator


@dataclass(frozen=True, slots=True)
class Patch:
    """A PATCH request, checked and bound to a resource type. Either tuple of steps may be empty."""

    validator: Validator
    document: tuple[tuple[str, Step], ...]
    """What changes the document, each with the words that name its operation in an error."""
    members: tuple[MemberStep, ...]
    """What changes the members of a group."""

    def apply(self, document: Document) -> Document:
        """Return a new document, to which all steps were done in order.

        :raises TooMany: the steps would look at too many values.
        :raises NoTarget: a step needs a value that is not there.
        :raises Mutability: an immutable value, or the id, would change.
        :raises InvalidValue: the document would not be valid.
        """
        names = {step.target.top for _, step in self.document if step.target}
        changed: Document = document | {name: copy(document[name]) for name in names if name in document}
        effort = Effort()
        for named, step in self.document:
            try:
                step.apply(changed, effort)
            except ScimError as error:
                raise _located(error, named) from None
        changed = self.validator.finish_changes(changed, document, names)
        self.validator.check_immutable(document, changed)
        return changed

    def member_changes(self, read: Read, describe: Describe = lambda ids: ()) -> MemberChanges | None:
        """Return what becomes of the members, None when nothing does.

        :param read: returns the present members; called at most once, and only for a filter that says more than ids.
        :param describe: returns those who join as members, for such a filter behind an operation that adds them.
        :raises TooMany: such filters would look at too many members.
        """
        return fold(self.members, read, describe)


def make_patch(operations: Sequence[Operation], resource_type: ResourceType, validator: Validator) -> Patch:
    """Return the checked request; its errors are those of :meth:`flask_bsr_scim.patch.binding.Binder.steps`."""
    binder = Binder(resource_type, validator)
    steps, members = list[tuple[str, Step]](), list[MemberStep]()
    for number, operation in enumerate(operations, 1):
        named = name_of(number, len(operations))
        try:
            for step in binder.steps(operation):
                if isinstance(step, MemberStep):
                    members.append(step)
                else:
                    steps.append((named, step))
        except ScimError as error:
            raise _located(error, named) from None
    return Patch(validator, tuple(steps), tuple(members))


def _located(error: ScimError, named: str) -> ScimError:
    """Return an error that says which operation it is about."""
    error.detail = f"{named}{error.detail}"
    return error
