"""Lender: what oslo.vmware's session shows to those it is lent to.

The real one does the same in ``tests/functional/vcenter/test_lent.py``.
"""

import contextlib
import types

from imagecache_handlers_vmware.port.address import Address
from imagecache_handlers_vmware.port.connection import Connection
from imagecache_handlers_vmware.port.dialling import ConnectionOptions
from imagecache_handlers_vmware.port.errors import VimFault
from imagecache_handlers_vmware.port.managers import read_managers
from imagecache_handlers_vmware.port.requests import Reference
from imagecache_handlers_vmware.port.requests import Request
from imagecache_handlers_vmware.port import service_requests

CONTENT = ('returnval',)


class Vim:
    """Its client: where it calls, and under which cookie."""

    def __init__(self, url):
        self.soap_url = f'{url}/sdk'
        self.cookie = None
        index = Reference('SearchIndex', 'SearchIndex')
        self.service_content = types.SimpleNamespace(searchIndex=index)

    def get_http_cookie(self):
        return self.cookie


class Lender:
    """Its session, which logs in again when a call finds it ended."""

    def __init__(self, vcenter):
        self._vcenter = vcenter
        self._vim = Vim(vcenter.url)
        self._options = ConnectionOptions(
            timeout=20,
            ca_file=vcenter.ca_file,
            insecure=vcenter.ca_file is None,
        )
        self.log_in()

    @property
    def vim(self):
        return self._vim

    def invoke_api(self, module, method, this, **arguments):
        assert module is self._vim
        try:
            self._call(method, this, arguments)
        except VimFault as error:
            assert error.name == 'NotAuthenticated'
            self.log_in()
            self._call(method, this, arguments)

    def log_in(self):
        with self._connected() as connection:
            [content] = [
                read_managers(one)
                for one in connection.exchange(
                    service_requests.retrieve_content(), '', CONTENT
                )
            ]
            self._vim.cookie = connection.read_cookie(
                service_requests.log_in(
                    content.session_manager,
                    self._vcenter.username,
                    self._vcenter.password,
                )
            )

    def _call(self, method, this, arguments):
        parts = [f'<_this type="{this.kind}">{this.name}</_this>']
        parts += [f'<{one}>{is_}</{one}>' for one, is_ in arguments.items()]
        request = Request(method, ''.join(parts))
        with self._connected() as connection:
            list(connection.exchange(request, self._vim.cookie, CONTENT))

    def _connected(self):
        address = Address.parse(self._vcenter.url)
        return contextlib.closing(Connection(address, self._options))
