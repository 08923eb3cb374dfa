"""Who is logged in, for how long, and what they may do."""

from collections.abc import Mapping
import dataclasses
import threading
import time

from xapi_simulator.errors import XapiError
from xapi_simulator.fields import ROLES
from xapi_simulator.records import Records
from xapi_simulator.timing import Timing
from xapi_simulator.values import date

# So many of one originator; of those that give none, so many together.
LIMIT, NAMELESS_LIMIT = 500, 400


@dataclasses.dataclass(frozen=True, slots=True)
class User:
    """Somebody who can log in, in one of the roles of ``schema.ROLES``."""

    password: str
    role: str = ROLES[-1]

    def __post_init__(self) -> None:
        if self.role not in ROLES:
            raise ValueError(f'no role: {self.role}; there are {ROLES}')


@dataclasses.dataclass(slots=True)
class _Login:
    originator: str
    role: str
    active: float


class Sessions:
    """The open sessions of a pool."""

    def __init__(
        self, records: Records, timing: Timing, users: Mapping[str, User]
    ) -> None:
        self._records = records
        self._timing = timing
        self._users = users
        self._lock = threading.Lock()
        self._logins: dict[str, _Login] = {}

    def login(
        self, name: str, password: str, originator: str, host: str
    ) -> str:
        """Open a session.

        :raises XapiError: SESSION_AUTHENTICATION_FAILED, slowly.
        """
        user = self._users.get(name)
        if user is None or user.password != password:
            time.sleep(self._timing.wrong_password)
            raise XapiError(
                'SESSION_AUTHENTICATION_FAILED',
                name,
                'Authentication failure',
            )
        ref = self._records.create(
            'session',
            this_host=host,
            last_active=date(time.time()),
            auth_user_name=name,
            originator=originator,
            is_local_superuser=user.role == ROLES[-1],
        )
        with self._lock:
            now = time.monotonic()
            self._logins[ref] = _Login(originator, user.role, now)
            surplus = self._surplus(originator)
        for old in surplus:
            self.end(old)
        return ref

    def _surplus(self, originator: str) -> list[str]:
        limit = LIMIT if originator else NAMELESS_LIMIT
        same = [
            (login.active, ref)
            for ref, login in self._logins.items()
            if login.originator == originator
        ]
        return [ref for _, ref in sorted(same)[: max(0, len(same) - limit)]]

    def check(self, ref: str) -> str:
        """Note that a session is used, and give its role.

        :raises XapiError: SESSION_INVALID when it is not open (any more).
        """
        now = time.monotonic()
        with self._lock:
            login = self._logins.get(ref)
            if login is not None:
                idle = now - login.active
                if idle <= self._timing.idle_end:
                    login.active = now
                    return login.role
        self.end(ref)
        raise XapiError('SESSION_INVALID', ref)

    def is_open(self, ref: str) -> bool:
        return ref in self._logins

    def end(self, ref: str) -> None:
        with self._lock:
            self._logins.pop(ref, None)
        self._records.delete('session', ref)

    def end_all(self) -> None:
        """What a restart of xapi does to everybody."""
        for ref in list(self._logins):
            self.end(ref)


def may(role: str, needed: str) -> bool:
    """Tell if a role includes another."""
    return ROLES.index(role) >= ROLES.index(needed)
