"""Client: pyvmomi's session with one server, and raw requests beside it."""

import dataclasses
import ssl
import time
from typing import Any
import urllib.error
import urllib.parse
import urllib.request

from pyVim.connect import Disconnect
from pyVim.connect import SmartConnect
from pyVmomi import vim

from tests.functional.vcsim import server

ENVELOPE = (
    '<?xml version="1.0" encoding="UTF-8"?>'
    '<soapenv:Envelope'
    ' xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/"'
    ' xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">'
    '<soapenv:Body>{}</soapenv:Body></soapenv:Envelope>'
)


RUNNING = 'queued', 'running'
RESULT = ['info.state', 'info.error', 'info.result']


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    status: int
    length: str  # of the body, as the headers have it
    body: bytes


class Client:
    """What a step of the script works with; both servers have its names."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.instance: Any = connect(port)
        self.content = self.instance.content
        self.datacenter = self.content.rootFolder.childEntity[0]
        self.cluster = self.datacenter.hostFolder.childEntity[0]
        self.stores = {one.name: one for one in self.datacenter.datastore}
        self.store = self.stores['LocalDS_0']
        self.files = self.content.fileManager
        self.disks = self.content.virtualDiskManager
        self.collector = self.content.propertyCollector
        self.machines: dict[str, Any] = {}

    def close(self) -> None:
        Disconnect(self.instance)

    def finish(self, task: Any) -> Any:
        """Give the result of a task that ended, or raise its fault."""
        while (info := self.read_task(task))['info.state'] in RUNNING:
            time.sleep(0.02)
        if error := info.get('info.error'):
            raise error
        return info.get('info.result')

    def read_task(self, task: Any) -> dict[str, Any]:
        """Read parts of a task's info, for pyvmomi refuses vcsim's whole."""
        spec = self.select(vim.Task, RESULT, task)
        options = vim.PropertyCollector.RetrieveOptions()
        found = self.collector.RetrievePropertiesEx([spec], options)
        return {one.name: one.val for one in found.objects[0].propSet}

    def send_raw(self, body: str, *, action: str = 'urn:vim25/6.5') -> Reply:
        """Send what pyvmomi would not, in its session."""
        headers = {'Content-Type': 'text/xml', 'SOAPAction': f'"{action}"'}
        return self.request(
            'POST', '/sdk', ENVELOPE.format(body).encode(), headers
        )

    def reach_file(
        self, method: str, path: str, data: bytes | None = None, **where: str
    ) -> Reply:
        """Ask for a file of a datastore over HTTP."""
        query = urllib.parse.urlencode(
            {'dcPath': 'DC0', 'dsName': 'LocalDS_0'} | where
        )
        target = f'/folder/{urllib.parse.quote(path)}?{query}'
        return self.request(method, target, data, {})

    def request(
        self,
        method: str,
        target: str,
        data: bytes | None,
        headers: dict[str, str],
    ) -> Reply:
        request = urllib.request.Request(  # noqa: S310
            f'http://127.0.0.1:{self.port}{target}',
            data,
            headers | {'Cookie': self.instance._stub.cookie},
            method=method,
        )
        try:
            with urllib.request.urlopen(request, timeout=20) as reply:  # noqa: S310
                return take_reply(reply)
        except urllib.error.HTTPError as error:
            with error:
                return take_reply(error)

    def select(
        self, kind: Any, paths: list[str], *objects: Any, **changes: Any
    ) -> Any:
        """Describe what the property collector shall read."""
        collector = vim.PropertyCollector
        return collector.FilterSpec(
            propSet=[collector.PropertySpec(type=kind, pathSet=paths)],
            objectSet=[
                collector.ObjectSpec(obj=one, **changes) for one in objects
            ],
        )


def take_reply(reply: Any) -> Reply:
    length = reply.headers.get('Content-Length', '')
    return Reply(status=reply.status, length=length, body=reply.read())


def connect(
    port: int, user: str = '', password: str = '', *, authority: str = ''
) -> Any:
    """Log in; over TLS where an authority's file is given."""
    context = None
    if authority:
        context = ssl.create_default_context(cafile=authority)
    return SmartConnect(
        protocol='https' if authority else 'http',
        host='127.0.0.1',
        port=port,
        user=user or server.USER,
        pwd=password or server.PASSWORD,
        sslContext=context,
    )
