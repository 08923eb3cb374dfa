"""Direct: a connection to a simulated vCenter without a socket between.

All that we send and read is as on a wire; the vCenter answers at once, in
the thread that calls.
"""

import dataclasses
import io
from typing import Any

from imagecache_handlers_vmware.port.dialling import ConnectionOptions
from simulator_parts.steering import Dropped
from vcenter_simulator.serving import Caller


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class DirectOptions(ConnectionOptions):
    """Connects to this very vCenter, whatever the address says."""

    vcenter: Any

    def connect(self, address):
        return Direct(self.vcenter)


class Direct:
    """What a connection of ``http.client`` is asked for."""

    # It is kept by nobody: a new one costs nothing.
    sock = None
    has_unread = False

    def __init__(self, vcenter):
        self.line = self
        self._vcenter = vcenter
        self._answer = None

    def begin(self, limit):
        """No answer is too long."""

    def close(self):
        """Nothing is open."""

    def request(self, verb, path, content, headers):
        body = b''.join(content)
        _, _, cookie = headers.get('Cookie', '').partition('=')
        session = self._vcenter.world.sessions.find(cookie.strip('"'))
        caller = Caller(session, agent=headers['User-Agent'])
        try:
            answer = self._vcenter._interface.answer(body, caller)
        except Dropped as error:
            raise ConnectionResetError('the connection was cut') from error
        new = caller.session if caller.session is not session else None
        self._answer = Answer(answer, new)

    def getresponse(self):
        return self._answer


class Answer(io.BytesIO):
    """What a response of ``http.client`` is asked for."""

    reason = ''
    will_close = False
    length = 0

    def __init__(self, answer, session):
        super().__init__(answer.body)
        self.status = answer.status
        self._session = session

    def getheader(self, name):
        if self._session is None:
            return None
        return f'vmware_soap_session="{self._session.cookie}"; Path=/'
