"""Nonsense of all sorts: always a reply or a fault, and never a hang."""

import http.client
import random
import urllib.parse
import xml.etree.ElementTree as ET

import hypothesis
from hypothesis import strategies
import pytest

from tests.profile import NEW
from tests.profile import PROFILE
from tests.vcenter_simulator.clients import Client
from tests.vcenter_simulator.clients import COLLECTOR
from tests.vcenter_simulator.clients import ENVELOPE
from tests.vcenter_simulator.clients import one_spec
from tests.vcenter_simulator.clients import SERVICE
from tests.vcenter_simulator.clients import SOAP
from tests.vcenter_simulator.clients import TYPE
from vcenter_simulator.interface import METHODS
from vcenter_simulator import Scenario
from vcenter_simulator.schema.kinds import PRIMITIVES
from vcenter_simulator.schema import table
from vcenter_simulator import Simulator

# Those that wait, or end what the others need.
LEFT_OUT = {'WaitForUpdates', 'WaitForUpdatesEx', 'Logout', 'TerminateSession'}
PATHS = ['name', 'config.hardware.device', 'info', 'vm', 'summary.name']
KINDS = ['VirtualMachine', 'Datastore', 'ManagedEntity', 'Task', 'Folder']
NAMES = ['', '..', '[', ']', '%', ' ', 'ä', 'x' * 255, '[datastore-0] a']
NAMES += ['[datastore-0] ../a', '[nowhere] a', '[datastore-0]', '[] /', "'"]
NUMBERS = [0, 1, -1, 2**31 - 1, -(2**31), 2**63, 'x', '', '1.0', 'true']


settings = hypothesis.settings(
    max_examples=PROFILE.xenapi_examples,
    derandomize=not NEW,
    deadline=None,
    database=None,
    # One simulator for all of them: it is to bear that.
    suppress_health_check=[hypothesis.HealthCheck.function_scoped_fixture],
)


@pytest.fixture
def vcenter():
    with Simulator(Scenario(images=2, machines=2), tls=False) as found:
        yield found


@pytest.fixture
def client(vcenter):
    found = Client(vcenter)
    found.log_in()
    yield found
    found.close()


class Nonsense:
    """Requests that are as good as a table and chance make them."""

    def __init__(self, draw, references):
        self._draw = draw
        self._references = references

    def call(self, method):
        # Half of them are right but for what they say.
        self._is_right = self._draw(2)
        fields = ''.join(self.field(one, 0) for one in method.parameters)
        inner = self.reference(method.owner) + fields
        return f'<{method.name} xmlns="urn:vim25">{inner}</{method.name}>'

    def one_of(self, values):
        return values[self._draw(len(values))]

    def reference(self, owner, name='_this'):
        known = [
            one for one in self._references if table.is_kind(one.kind, owner)
        ]
        if not known or not self._draw(8):
            return f'<{name} type="{owner or "Folder"}">gone-1</{name}>'
        one = self.one_of(known)
        return f'<{name} type="{one.kind}">{one.moid}</{name}>'

    def field(self, field, depth):
        if field.optional and (self._draw(2) or depth > 4):
            return ''
        count = self._draw(2) + 1 if field.many else 1
        return ''.join(self.value(field, depth) for _ in range(count))

    def value(self, field, depth):
        kind, name = field.kind, field.name
        if kind.startswith('@'):
            return self.reference(kind[1:], name)
        if kind in PRIMITIVES or table.is_enum(kind):
            return (
                f'<{name}{self.type_of(kind)}>{self.text(kind, name)}</{name}>'
            )
        derived = [
            one for one in table.data_names() if table.is_derived(one, kind)
        ]
        chosen = self.one_of(derived)
        inner = ''.join(
            self.field(one, depth + 1)
            for one in table.data_type(chosen).fields
        )
        return f'<{name} xsi:type="{chosen}">{inner}</{name}>'

    def word(self, name):
        """Give a text that fits a field of that name more often than not."""
        fitting = {'type': KINDS, 'path': PATHS, 'pathSet': PATHS}
        found = fitting.get(name)
        return self.one_of(found if found and self._draw(4) else NAMES)

    def type_of(self, kind):
        return ' xsi:type="xsd:string"' if kind == 'anyType' else ''

    def text(self, kind, name):
        if not self._is_right and not self._draw(6):
            return self.one_of([*NUMBERS, *NAMES])
        if table.is_enum(kind):
            return self.one_of(sorted(table.enum_members(kind)))
        if kind == 'boolean':
            return self.one_of(['true', 'false', '1', '0'])
        if kind == 'dateTime':
            return '2026-11-29T12:00:00Z'
        if kind in ('string', 'anyType'):
            return self.word(name)
        return 'AAAA' if kind == 'base64Binary' else self.one_of([0, 1, 100])


def check_answer(status, data):
    """Make sure that an answer is a reply, or a fault that says of which."""
    [body] = ET.fromstring(data)  # noqa: S314
    [inner] = body
    if status == 200:
        assert inner.tag.endswith('Response')
        return None
    assert status == 500
    assert inner.tag == f'{SOAP}Fault'
    [detail] = inner.find('detail')
    kind = detail.get(TYPE)
    assert table.is_derived(kind, 'MethodFault')
    assert kind != 'SystemError', inner.findtext('faultstring')
    return kind


def send(client, body):
    answer, data = client.request('POST', '/sdk', body)
    return check_answer(answer.status, data)


def check_state(vcenter, client):
    """Make sure that all that there is now can be read."""
    for one in vcenter.world.inventory.all():
        spec = one_spec(one.reference).replace(
            '</type>', '</type><all>true</all>'
        )
        this = f'<_this type="{COLLECTOR.kind}">{COLLECTOR.moid}</_this>'
        inner = f'{this}<specSet>{spec}</specSet><options/>'
        call = f'<RetrievePropertiesEx xmlns="urn:vim25">{inner}'
        body = ENVELOPE.format(f'{call}</RetrievePropertiesEx>')
        assert send(client, body.encode()) is None


@pytest.mark.parametrize('name', sorted(set(METHODS) - LEFT_OUT))
def test_every_method_answers_nonsense_with_a_fault(vcenter, client, name):
    source, found = random.Random(name), set()
    for _ in range(20):
        references = [one.reference for one in vcenter.world.inventory.all()]
        nonsense = Nonsense(source.randrange, references)
        inner = nonsense.call(METHODS[name])
        found.add(send(client, ENVELOPE.format(inner).encode()))
    assert found != {'InvalidRequest'}
    check_state(vcenter, client)
    for task in vcenter.world.tasks.all():
        error = task.info.error
        kind = '' if error is None else error.fault.type_name
        assert kind != 'SystemError', error.localizedMessage


@settings
@hypothesis.given(strategies.binary(max_size=200))
def test_bytes_that_are_no_envelope(client, body):
    assert send(client, body) == 'InvalidRequest'


@settings
@hypothesis.given(strategies.integers(0, 10**6), strategies.binary(max_size=3))
def test_an_envelope_with_a_wound(client, where, what):
    call = f'<_this type="{SERVICE.kind}">{SERVICE.moid}</_this>'
    body = ENVELOPE.format(
        f'<CurrentTime xmlns="urn:vim25">{call}</CurrentTime>'
    ).encode()
    at = where % len(body)
    send(client, body[:at] + what + body[at + 1 :])


def test_requests_that_are_no_http(vcenter):
    source = random.Random(7)
    for _ in range(30):
        connection = http.client.HTTPConnection(
            '127.0.0.1', vcenter.port, timeout=10
        )
        connection.connect()
        connection.sock.sendall(source.randbytes(100) + b'\r\n\r\n')
        connection.sock.shutdown(1)
        while connection.sock.recv(65536):
            pass
        connection.close()


@settings
@hypothesis.given(strategies.text(max_size=300), strategies.booleans())
def test_names_over_http(client, name, is_whole):
    quoted = urllib.parse.quote(name.encode('utf-8', 'replace'))
    query = 'dcPath=datacenter-0&dsName=datastore-0'
    path = f'/folder/{quoted}?{query if is_whole else quoted}'
    answer, _ = client.request('PUT', path, b'content')
    assert answer.status in (200, 201, 400, 403, 404, 409)
    got, data = client.request('GET', path)
    if answer.status in (200, 201):
        assert (got.status, data) == (200, b'content')
    else:
        assert got.status in (400, 403, 404, 409)
