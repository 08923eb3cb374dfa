"""Faults: what a call or a task ends with that could not be done."""

from typing import Any

from vcenter_simulator.values import DataObject


class VimFault(Exception):
    """A fault as vCenter has it: it ends a call, or a task.

    ``message`` is what people read; ``fields`` are the fault's own, such as
    ``file`` of a FileNotFound.
    """

    def __init__(
        self, type_name: str, message: str = '', **fields: Any
    ) -> None:
        super().__init__(type_name, message)
        self.type_name = type_name
        self.message = message or f'A fault of vSphere: {type_name}.'
        self.fields = fields

    @property
    def value(self) -> DataObject:
        """The fault as a data object."""
        return DataObject(self.type_name, **self.fields)

    @property
    def localized(self) -> DataObject:
        """The fault as tasks and missing sets hold it."""
        return DataObject(
            'LocalizedMethodFault',
            fault=self.value,
            localizedMessage=self.message,
        )


# What a defect of ours may raise: the client is told of that, too.
ERRORS = (
    *(ArithmeticError, AssertionError, AttributeError, LookupError),
    *(RuntimeError, TypeError, ValueError),
)


def unexpected(error: Exception) -> VimFault:
    """Make the fault that tells of what nobody thought of."""
    return VimFault(
        'SystemError',
        f'A general system error occurred: {error!r}',
        reason=repr(error),
    )


def invalid_request(message: str) -> VimFault:
    """Make the fault of a request that cannot be understood."""
    return VimFault('InvalidRequest', message)


def invalid_argument(name: str) -> VimFault:
    """Make the fault of an argument that is understood and does not fit."""
    message = f'A specified parameter was not correct: {name}'
    return VimFault('InvalidArgument', message, invalidProperty=name)


def invalid_property(name: str) -> VimFault:
    """Make the fault of a property that no such object has."""
    return VimFault('InvalidProperty', f'Invalid property: {name}', name=name)


def object_not_found(reference: Any) -> VimFault:
    """Make the fault of a managed object that is not there (any more)."""
    return VimFault(
        'ManagedObjectNotFound',
        f"The object 'vim.{reference}' has already been deleted or has not "
        'been completely created',
        obj=reference,
    )


def not_authenticated(on: Any, privilege: str) -> VimFault:
    """Make the fault of who has no session (any more)."""
    return VimFault(
        'NotAuthenticated',
        'The session is not authenticated.',
        object=on,
        privilegeId=privilege,
    )


def no_permission(on: Any, privilege: str) -> VimFault:
    """Make the fault of who has a session and may not."""
    return VimFault(
        'NoPermission',
        'Permission to perform this operation was denied.',
        object=on,
        privilegeId=privilege,
    )
