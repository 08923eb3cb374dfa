"""Measure the simulated vCenter itself: CPU seconds beside their targets.

It is what tests wait for, and what a client is measured by: a simulator that
is slow makes every client look alike.  Client and server are one process
here; what the client does is to send and to receive bytes.
"""

from collections.abc import Callable
from collections.abc import Sequence
import http.client
import re
import sys
import time

from benchmarks import output
from vcenter_simulator import Reference
from vcenter_simulator import Scenario
from vcenter_simulator import Simulator

FOLDERS = 500
TARGETS = {
    'ready': 0.5,
    'search': 0.1,
    'layoutEx.file': 0.3,
    f'{FOLDERS} MakeDirectory': 1.0,
}
_ENVELOPE = (
    '<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/" '
    'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><e:Body>'
    '<{method} xmlns="urn:vim25">{this}{inner}</{method}></e:Body>'
    '</e:Envelope>'
)


class Client:
    """Calls by hand, whose replies are taken as bytes."""

    def __init__(self, vcenter: Simulator) -> None:
        self._http = http.client.HTTPConnection(vcenter.address, vcenter.port)
        self._cookie = ''
        name = f'<userName>{vcenter.username}</userName>'
        secret = f'<password>{vcenter.password}</password>'
        manager = Reference('SessionManager', 'SessionManager')
        self.call('Login', manager, name + secret)

    def call(self, method: str, this: Reference, inner: str) -> bytes:
        body = _ENVELOPE.format(
            method=method, this=element('_this', this), inner=inner
        )
        headers = {'Cookie': self._cookie} if self._cookie else {}
        self._http.request('POST', '/sdk', body, headers)
        answer = self._http.getresponse()
        data = answer.read()
        if answer.status != http.HTTPStatus.OK:
            raise RuntimeError(data)
        cookie = answer.getheader('Set-Cookie')
        self._cookie = cookie.partition(';')[0] if cookie else self._cookie
        return data

    def retrieve(self, spec: str) -> bytes:
        collector = Reference('PropertyCollector', 'propertyCollector')
        inner = f'<specSet>{spec}</specSet><options/>'
        return self.call('RetrievePropertiesEx', collector, inner)

    def close(self) -> None:
        self._http.close()


def element(name: str, reference: Reference) -> str:
    return f'<{name} type="{reference.kind}">{reference.moid}</{name}>'


def label(vcenter: Simulator) -> None:
    """Give every image a label, as a folder in its own."""
    [store] = vcenter.estate.stores
    base = vcenter.estate.base
    datacenter = vcenter.estate.datacenter.reference
    manager = Reference('FileManager', 'FileManager')
    for name in list(store.find_node((base,)).entries):
        vcenter.do(
            manager,
            'MakeDirectory',
            name=f'[{store.name}] {base}/{name}/ic-unused.20261129T120000',
            datacenter=datacenter,
        )


def search(client: Client, vcenter: Simulator) -> bytes:
    """Have all images found, with sizes and labels, and get them."""
    [datastore] = vcenter.estate.datastores
    wanted = ('fileType', 'fileSize', 'modification', 'fileOwner')
    details = ''.join(f'<{name}>true</{name}>' for name in wanted)
    started = client.call(
        'SearchDatastoreSubFolders_Task',
        datastore.read_property('browser'),
        f'<datastorePath>[{datastore.name}] {vcenter.estate.base}'
        f'</datastorePath><searchSpec><details>{details}</details>'
        '<matchPattern>*</matchPattern></searchSpec>',
    )
    found = re.search(rb'type="Task">([^<]+)<', started)
    if found is None:
        raise RuntimeError(started)
    task = Reference('Task', found[1].decode())
    return client.retrieve(
        '<propSet><type>Task</type><pathSet>info</pathSet></propSet>'
        f'<objectSet>{element("obj", task)}</objectSet>'
    )


def read_users(client: Client, vcenter: Simulator) -> bytes:
    """Get the files of all machines of a datastore."""
    [datastore] = vcenter.estate.datastores
    return client.retrieve(
        '<propSet><type>VirtualMachine</type><pathSet>layoutEx.file</pathSet>'
        f'</propSet><objectSet>{element("obj", datastore.reference)}'
        '<skip>true</skip><selectSet xsi:type="TraversalSpec">'
        '<type>Datastore</type><path>vm</path></selectSet></objectSet>'
    )


def make_folders(client: Client, vcenter: Simulator, prefix: str) -> bytes:
    [store] = vcenter.estate.stores
    datacenter = element('datacenter', vcenter.estate.datacenter.reference)
    manager = Reference('FileManager', 'FileManager')
    for number in range(FOLDERS):
        name = f'<name>[{store.name}] {prefix}-{number}</name>'
        client.call('MakeDirectory', manager, name + datacenter)
    return b''


def measure(work: Callable[[], bytes]) -> tuple[float, int]:
    """Give CPU seconds, and how much came."""
    started = time.process_time()
    size = len(work())
    return time.process_time() - started, size


def measure_all(images: int, repeat: int) -> list[output.Row]:
    """Give a row for each thing that has a target."""
    started = time.process_time()
    scenario = Scenario(images=images, machines=images, seed=1)
    with Simulator(scenario) as vcenter:
        rows = [row('ready', time.process_time() - started, 0)]
        label(vcenter)
        client = Client(vcenter)
        acts = {
            'search': lambda _: search(client, vcenter),
            'layoutEx.file': lambda _: read_users(client, vcenter),
            f'{FOLDERS} MakeDirectory': lambda turn: make_folders(
                client, vcenter, f'folder-{turn}'
            ),
        }
        for name, act in acts.items():
            rounds = [
                measure(lambda act=act, turn=turn: act(turn))
                for turn in range(repeat)
            ]
            rows.append(row(name, *min(rounds)))
        client.close()
    return rows


def row(name: str, seconds: float, size: int) -> output.Row:
    return {
        'what': name,
        'CPU s': seconds,
        'target s': TARGETS[name],
        'MB': size / 1e6,
    }


def main(args: Sequence[str] | None = None) -> int:
    """Write the table."""
    parser = output.parser(__doc__)
    parser.add_argument('--images', type=int, default=1000)
    parser.add_argument('--repeat', type=int, default=3)
    given = parser.parse_args(args)
    output.write(measure_all(given.images, given.repeat), given.json)
    return 0


if __name__ == '__main__':
    sys.exit(main())
