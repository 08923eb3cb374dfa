"""Sessions: who is logged in, for how long, and their tickets."""

from collections.abc import Callable
from collections.abc import Mapping
import dataclasses
import datetime
import threading
from typing import Any
import uuid

from simulator_parts.clock import Clock
from vcenter_simulator.faults import VimFault
from vcenter_simulator.timing import Timing
from vcenter_simulator.values import DataObject


@dataclasses.dataclass(frozen=True, slots=True)
class User:
    """Somebody who can log in; a role is a set of privileges, None: all."""

    password: str
    role: frozenset[str] | None = None


@dataclasses.dataclass(slots=True)
class Session:
    """One who is logged in.

    ``cookie`` is the secret by which requests are told to be theirs, ``key``
    the name that others may see.
    """

    cookie: str
    key: str
    user: str
    login: Any
    active: float
    address: str = '127.0.0.1'
    agent: str = ''
    locale: str = 'en'
    ended: threading.Event = dataclasses.field(default_factory=threading.Event)
    # What lives as long as the session: by whatever keeps it there.
    belongings: dict[str, Any] = dataclasses.field(default_factory=dict)


class Sessions:
    """The open sessions of a vCenter."""

    def __init__(
        self, clock: Clock, timing: Timing, users: Mapping[str, User]
    ) -> None:
        self._clock = clock
        self._timing = timing
        self._users = users
        self._lock = threading.Lock()
        self._by_cookie: dict[str, Session] = {}
        self._tickets: dict[str, tuple[str, float]] = {}
        # Called with each session that has ended.
        self.on_end: list[Callable[[Session], None]] = []

    def login(self, name: str, password: str) -> Session:
        """Open a session.

        :raises VimFault: InvalidLogin.
        """
        user = self._users.get(name)
        if user is None or user.password != password:
            raise invalid_login()
        session = Session(
            uuid.uuid4().hex,
            str(uuid.uuid4()),
            name,
            self._clock.now(),
            self._clock.moment,
        )
        with self._lock:
            self._by_cookie[session.cookie] = session
        return session

    def find(self, cookie: str | None) -> Session | None:
        """Give the session of a cookie, and note that it is used."""
        session = self._by_cookie.get(cookie or '')
        if session is None:
            return None
        moment = self._clock.moment
        if moment - session.active > self._timing.idle_end:
            self.end(session)
            return None
        session.active = moment
        return session

    def by_key(self, key: str) -> Session | None:
        """Give an open session by the name that others may see."""
        for session in self.all():
            if session.key == key:
                return session
        return None

    def all(self) -> list[Session]:
        with self._lock:
            return list(self._by_cookie.values())

    def end(self, session: Session) -> None:
        """End a session, with all that belongs to it."""
        with self._lock:
            self._by_cookie.pop(session.cookie, None)
        session.ended.set()
        for notify in self.on_end:
            notify(session)

    def end_all(self) -> None:
        """End everybody's, as a restart does."""
        for session in self.all():
            self.end(session)

    def role_of(self, user: str) -> frozenset[str] | None:
        """Give the privileges of a user, None for all."""
        found = self._users.get(user)
        return frozenset() if found is None else found.role

    def give_ticket(self, session: Session) -> str:
        """Give a ticket that is good for one HTTP request."""
        ticket = f'cst-VCT-{uuid.uuid4()}--tp-{uuid.uuid4().hex}'
        until = self._clock.moment + self._timing.ticket_end
        with self._lock:
            self._tickets[ticket] = (session.cookie, until)
        return ticket

    def take_ticket(self, ticket: str) -> Session | None:
        """Give the session of a ticket; there is no second time."""
        with self._lock:
            cookie, until = self._tickets.pop(ticket, ('', 0.0))
        if self._clock.moment > until:
            return None
        return self.find(cookie)


def invalid_login() -> VimFault:
    """Make the fault of a wrong name or password."""
    message = (
        'Cannot complete login due to an incorrect user name or password.'
    )
    return VimFault('InvalidLogin', message)


def describe_session(session: Session) -> DataObject:
    """Describe a session as SessionManager does."""
    return DataObject(
        'UserSession',
        key=session.key,
        userName=session.user,
        fullName=session.user,
        loginTime=session.login,
        lastActiveTime=datetime.datetime.fromtimestamp(
            session.active, datetime.UTC
        ),
        locale=session.locale,
        messageLocale=session.locale,
        extensionSession=False,
        ipAddress=session.address,
        userAgent=session.agent,
        callCount=0,
    )
