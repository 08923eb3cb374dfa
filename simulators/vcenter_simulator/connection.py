"""One connection to vCenter: its requests, and which path means what."""

import http.cookies
from typing import TYPE_CHECKING

from simulator_parts import connection
from simulator_parts.steering import Dropped
from simulator_parts.steering import Replied
from vcenter_simulator.serving import Caller
from vcenter_simulator.soap import envelope

if TYPE_CHECKING:
    from vcenter_simulator.server import Server

COOKIE = 'vmware_soap_session'
BODY_LIMIT = 8 * 2**20


class Connection(connection.Connection):
    """Answers requests until either side has had enough."""

    server: 'Server'

    def do_POST(self) -> None:
        if self.path.partition('?')[0].rstrip('/') != '/sdk':
            self.refuse(404, 'not found')
            return
        body = self.read_body(BODY_LIMIT)
        if body is None:
            return
        caller = self._caller()
        before = caller.session
        try:
            answer = self.server.interface.answer(body, caller)
        except Dropped:
            self.cut()
        except Replied as other:
            self.reply(other)
        else:
            new = caller.session if caller.session is not before else None
            headers = {'Set-Cookie': self._cookie(new.cookie)} if new else {}
            self.send(answer.status, envelope.TYPE, answer.body, **headers)

    def _caller(self) -> Caller:
        session = self.server.world.sessions.find(self._sent_cookie())
        agent = self.headers.get('User-Agent', '')
        return Caller(session, self.client_address[0], agent)

    def _sent_cookie(self) -> str | None:
        jar: http.cookies.SimpleCookie = http.cookies.SimpleCookie()
        try:
            jar.load(self.headers.get('Cookie', ''))
        except http.cookies.CookieError:
            return None
        found = jar.get(COOKIE)
        return None if found is None else found.value

    def _cookie(self, secret: str) -> str:
        secure = '' if self.server.context is None else ' Secure;'
        return f'{COOKIE}="{secret}"; Path=/; HttpOnly;{secure}'
