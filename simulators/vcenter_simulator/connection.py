"""One connection to vCenter: its requests, and which path means what."""

import http.cookies
from typing import TYPE_CHECKING

from simulator_parts import connection
from simulator_parts.steering import Dropped
from simulator_parts.steering import Replied
from vcenter_simulator.folder_access import PATH as FOLDER
from vcenter_simulator import folder_requests
from vcenter_simulator.lease import PREFIX as UPLOADS
from vcenter_simulator.serving import Caller
from vcenter_simulator.sessions import Session
from vcenter_simulator.soap import description
from vcenter_simulator.soap import envelope
from vcenter_simulator.upload_requests import serve_upload

if TYPE_CHECKING:
    from vcenter_simulator.server import Server

COOKIE = 'vmware_soap_session'
BODY_LIMIT = 8 * 2**20
_CALLS = '/sdk', '/sdk/vimService'
_WSDL = '/sdk/vimService.wsdl'
_VERSIONS = '/sdk/vimServiceVersions.xml'
_XML = 'text/xml'


class Connection(connection.Connection):
    """Answers requests until either side has had enough."""

    server: 'Server'
    server_version = 'simulated'
    sys_version = ''

    def do_POST(self) -> None:
        """Answer a call of the API, or take the data of a disk."""
        if self._bare_path().startswith(UPLOADS):
            serve_upload(self)
            return
        body = self.read_body(BODY_LIMIT)
        if body is None:
            return
        if self._bare_path() not in _CALLS:
            self.refuse(404, 'not found')
            return
        caller = self._find_caller()
        before = caller.session
        try:
            answer = self.server.interface.answer(body, caller)
        except Dropped:
            self.cut()
        except Replied as other:
            self.reply(other)
        else:
            new = caller.session is not before
            headers = self._set_cookie(caller.session) if new else {}
            self.send(answer.status, envelope.TYPE, answer.body, **headers)

    def do_GET(self) -> None:
        """Give a file, or the description of the API."""
        path = self._bare_path()
        if _is_folder(path):
            folder_requests.serve(self, 'GET')
        elif path == _WSDL:
            self.send(200, _XML, description.write_wsdl())
        elif path == _VERSIONS:
            self.send(200, _XML, description.VERSIONS)
        else:
            self.refuse(404, 'not found')

    def do_HEAD(self) -> None:
        if _is_folder(self._bare_path()):
            folder_requests.serve(self, 'HEAD')
        else:
            self.refuse(404, '')

    def do_PUT(self) -> None:
        if self._bare_path().startswith(UPLOADS):
            serve_upload(self)
        elif _is_folder(self._bare_path()):
            folder_requests.serve(self, 'PUT')
        else:
            self.refuse(404, 'not found')
            self.linger()

    def _bare_path(self) -> str:
        return self.path.partition('?')[0].rstrip('/')

    def _find_caller(self) -> Caller:
        session = self.server.world.sessions.find(self.read_cookie())
        agent = self.headers.get('User-Agent', '')
        return Caller(session, self.client_address[0], agent)

    def read_cookie(self, name: str = COOKIE) -> str | None:
        """Give a cookie that was sent, or None."""
        jar: http.cookies.SimpleCookie = http.cookies.SimpleCookie()
        try:
            jar.load(self.headers.get('Cookie', ''))
        except http.cookies.CookieError:
            return None
        found = jar.get(name)
        return None if found is None else found.value

    def _set_cookie(self, session: Session | None) -> dict[str, str]:
        """Give the header that has the client keep a new session."""
        if session is None:
            return {}
        secure = '' if self.server.context is None else ' Secure;'
        value = f'{COOKIE}="{session.cookie}"; Path=/; HttpOnly;{secure}'
        return {'Set-Cookie': value}


def _is_folder(path: str) -> bool:
    return path == FOLDER or path.startswith(f'{FOLDER}/')
