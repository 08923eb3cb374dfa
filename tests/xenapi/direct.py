"""A port that calls straight into the simulator, without a wire."""

from imagecache_handlers.transport.errors import CallError
from imagecache_handlers.transport.errors import Unreachable
from imagecache_handlers.transport.exchanges import at_any_time
from imagecache_handlers_xenapi.port.errors import ReplyLost
from imagecache_handlers_xenapi.port.errors import XapiFailure
from imagecache_handlers_xenapi.port.port import Port
from xapi_simulator import XapiError

EVENTS = 'event.from'

_LOGIN_AGAIN = frozenset({'SESSION_INVALID', 'HOST_IS_SLAVE'})


class Direct(Port):
    """Makes a call again when a session over a wire would.

    ``host`` is told of every try, and waits where a wire would block.
    """

    timeout = 60.0
    lanes = 1

    def __init__(self, host, *, may_block):
        self.may_block = may_block
        self._host = host
        self._session = None

    def read(self, method, *params):
        return self._make(method, params, {ReplyLost, Unreachable})

    call = read

    def once(self, method, *params, leave=at_any_time):
        return self._make(method, params, {Unreachable}, leave)

    def _make(self, method, params, bearable, leave=at_any_time):
        lost = None
        while True:
            try:
                return self._try(method, params, leave)
            except CallError as error:
                made = not _was_not_made(error)
                kind = type(error) if made else Unreachable
                if kind not in bearable:
                    if lost is None or (
                        made and isinstance(error, XapiFailure)
                    ):
                        raise
                    raise lost from error
                bearable.discard(kind)
                lost = error if kind is ReplyLost else lost

    def _try(self, method, params, leave):
        try:
            return self._host.call(
                method, params, lambda: self._answer(method, params), leave
            )
        except CallError as error:
            if _was_not_made(error):
                self._session = None
            raise

    def _answer(self, method, params):
        pool = self._host.world.pool
        leader = pool.world.master
        if self._session is None:
            who = ['root', pool.password, '1.0', 'machine']
            self._session = pool._interface.answer(
                leader, 'session.login_with_password', who
            )
        if method == EVENTS:
            return self._wait(leader, *params)
        return self._ask(leader, method, params)

    def _wait(self, leader, topics, token, seconds):
        """Let the world's time pass where xapi would let its own pass."""
        now = topics, token, 0.0
        batch = self._ask(leader, EVENTS, now)
        if not batch['events']:
            self._host.sleep(seconds)
            batch = self._ask(leader, EVENTS, now)
        return batch

    def _ask(self, leader, method, params):
        sent = [self._session, *params]
        try:
            return self._host.world.pool._interface.answer(
                leader, method, sent
            )
        except XapiError as error:
            raise XapiFailure(method, error.description) from error

    def login(self):
        raise NotImplementedError

    def connect(self, address):
        raise NotImplementedError

    def close(self):
        """Nothing is open."""


def _was_not_made(error):
    if isinstance(error, XapiFailure):
        return error.code in _LOGIN_AGAIN
    return isinstance(error, Unreachable)
