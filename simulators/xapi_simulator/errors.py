"""The errors that the simulator answers, with their parameters."""

from collections.abc import Mapping
import re

_BACKEND = re.compile(r'SR_BACKEND_FAILURE(_\d+)?')

# Code and names of the parameters.
PARAMETERS: Mapping[str, tuple[str, ...]] = {
    'CANNOT_CONTACT_HOST': ('host',),
    'DEVICE_ALREADY_ATTACHED': ('device',),
    'DEVICE_ALREADY_DETACHED': ('device',),
    'EVENT_FROM_TOKEN_PARSE_FAILURE': ('token',),
    'EVENT_SUBSCRIPTION_PARSE_FAILURE': ('subscription',),
    'FIELD_TYPE_ERROR': ('field',),
    'HANDLE_INVALID': ('class', 'handle'),
    'HA_IS_ENABLED': (),
    'HOST_IS_SLAVE': ('Master IP address',),
    'HOST_OFFLINE': ('host',),
    'HOST_STILL_BOOTING': (),
    'INTERNAL_ERROR': ('message',),
    'INVALID_VALUE': ('field', 'value'),
    'LICENCE_RESTRICTION': ('feature',),
    'MAP_DUPLICATE_KEY': ('type', 'param_name', 'uuid', 'key'),
    'MESSAGE_METHOD_UNKNOWN': ('method',),
    'MESSAGE_PARAMETER_COUNT_MISMATCH': ('method', 'expected', 'received'),
    'NOT_SUPPORTED_DURING_UPGRADE': (),
    'OPERATION_NOT_ALLOWED': ('reason',),
    'OTHER_OPERATION_IN_PROGRESS': (
        'class',
        'object',
        'operation_type',
        'operation_ref',
    ),
    'RBAC_PERMISSION_DENIED': ('permission', 'message'),
    'REVERT_ONLY_ALLOWED_ON_SNAPSHOT': (),
    'SESSION_AUTHENTICATION_FAILED': (),
    'SESSION_INVALID': ('handle',),
    'SR_BACKEND_FAILURE': ('status', 'stdout', 'stderr'),
    'SR_HAS_NO_PBDS': ('sr',),
    'SR_HAS_PBD': ('sr',),
    'SR_NOT_ATTACHED': ('sr',),
    'SR_OPERATION_NOT_SUPPORTED': ('sr',),
    'SR_SUSPEND_SPACE_INSUFFICIENT': ('sr',),
    'SR_UNHEALTHY': ('sr', 'health', 'fix'),
    'SR_UUID_EXISTS': ('uuid',),
    'TASK_CANCELLED': ('task',),
    'UUID_INVALID': ('type', 'uuid'),
    'VDI_HAS_RRDS': ('vdi',),
    'VDI_INCOMPATIBLE_TYPE': ('vdi', 'type'),
    'VDI_IN_USE': ('vdi', 'operation'),
    'VDI_IO_ERROR': ('device',),
    'VDI_IS_A_PHYSICAL_DEVICE': ('vdi',),
    'VDI_MISSING': ('sr', 'vdi'),
    'VDI_NOT_MANAGED': ('vdi',),
    'VDI_NO_CBT_METADATA': ('vdi',),
    'VDI_ON_BOOT_MODE_INCOMPATIBLE_WITH_OPERATION': (),
    'VDI_READONLY': ('vdi',),
    'VM_BAD_POWER_STATE': ('vm', 'expected', 'actual'),
    'VM_HAS_NO_SUSPEND_VDI': ('vm',),
    'VM_IS_TEMPLATE': ('vm',),
    'VM_NO_SUSPEND_SR': ('vm',),
}

# xapi sends a number of its own making with these.
_VARYING = frozenset(
    {
        'INTERNAL_ERROR',
        'SESSION_AUTHENTICATION_FAILED',
        'VM_HAS_NO_SUSPEND_VDI',
    }
)


class XapiError(Exception):
    """A failure as the client sees it: a code and its parameters.

    :raises ValueError: when xapi knows no such error, or other parameters.
    """

    def __init__(self, code: str, *params: str) -> None:
        super().__init__(code, *params)
        self.code = code
        self.params = params
        known = 'SR_BACKEND_FAILURE' if _BACKEND.fullmatch(code) else code
        if known not in PARAMETERS:
            raise ValueError(f'no error that the simulator knows: {code}')
        names = PARAMETERS[known]
        if known not in _VARYING and len(names) != len(params):
            raise ValueError(f'{code} has the parameters {names}')

    @property
    def description(self) -> list[str]:
        return [self.code, *self.params]


def backend(number: int, text: str) -> XapiError:
    """Make a failure of the storage layer, as sm reports it."""
    return XapiError(f'SR_BACKEND_FAILURE_{number}', '', text, '')
