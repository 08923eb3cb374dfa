"""A client that speaks SOAP by hand: nothing between a test and the wire."""

import http.client
import ssl
import unittest
import xml.etree.ElementTree as ET

from vcenter_simulator import fixtures
from vcenter_simulator import Reference

SOAP = '{http://schemas.xmlsoap.org/soap/envelope/}'
VIM = '{urn:vim25}'
TYPE = '{http://www.w3.org/2001/XMLSchema-instance}type'
ENVELOPE = """\
<?xml version="1.0"?>
<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/"
 xmlns:xsd="http://www.w3.org/2001/XMLSchema"
 xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><e:Body>{}</e:Body>\
</e:Envelope>"""
SERVICE = Reference('ServiceInstance', 'ServiceInstance')
SESSIONS = Reference('SessionManager', 'SessionManager')
COLLECTOR = Reference('PropertyCollector', 'propertyCollector')
VIEWS = Reference('ViewManager', 'ViewManager')
ROOT = Reference('Folder', 'group-d1')


class Faulted(Exception):
    """A fault that came over the wire: its type, its text, its fields."""

    def __init__(self, root):
        fault = root.find(f'{SOAP}Body/{SOAP}Fault')
        [self.detail] = fault.find('detail')
        self.kind = self.detail.get(TYPE)
        self.text = fault.findtext('faultstring')
        super().__init__(self.kind, self.text)

    def field(self, name):
        return self.detail.findtext(VIM + name)


class Client:
    """One connection; it keeps its cookie as a browser would."""

    def __init__(self, vcenter, timeout=20):
        self.vcenter = vcenter
        self.cookie = None
        self.agent = 'by hand'
        if vcenter.ca_file:
            context = ssl.create_default_context(cafile=vcenter.ca_file)
            self.http = http.client.HTTPSConnection(
                '127.0.0.1', vcenter.port, timeout=timeout, context=context
            )
        else:
            self.http = http.client.HTTPConnection(
                '127.0.0.1', vcenter.port, timeout=timeout
            )

    def close(self):
        self.http.close()

    def request(self, method, path, body=None, **headers):
        headers['User-Agent'] = self.agent
        if self.cookie is not None:
            headers.setdefault('Cookie', self.cookie)
        self.http.request(method, path, body, headers)
        answer = self.http.getresponse()
        data = answer.read()
        if answer.getheader('Set-Cookie'):
            self.cookie = answer.getheader('Set-Cookie').partition(';')[0]
        return answer, data

    def post(self, inner):
        """Send an envelope, and give the root of the one that comes."""
        answer, data = self.request('POST', '/sdk', ENVELOPE.format(inner))
        root = ET.fromstring(data)  # noqa: S314
        if answer.status != 200:
            raise Faulted(root)
        return root

    def call(self, method, this, arguments=''):
        """Call a method, and give the elements that it returns."""
        target = f'<_this type="{this.kind}">{this.moid}</_this>'
        root = self.post(
            f'<{method} xmlns="urn:vim25">{target}{arguments}</{method}>'
        )
        [response] = root.find(f'{SOAP}Body')
        assert response.tag == f'{VIM}{method}Response'
        return list(response)

    def log_in(self, user=None, password=None):
        [session] = self.call(
            'Login',
            SESSIONS,
            f'<userName>{user or self.vcenter.username}</userName>'
            f'<password>{password or self.vcenter.password}</password>',
        )
        return session

    def retrieve(self, spec, options='', method='RetrievePropertiesEx'):
        return self.call(
            method,
            COLLECTOR,
            f'<specSet>{spec}</specSet><options>{options}</options>',
        )


def ref(element):
    """Read a reference."""
    return Reference(element.get('type'), element.text)


def write_ref(name, reference):
    return f'<{name} type="{reference.kind}">{reference.moid}</{name}>'


def one_spec(reference, *paths, kind=None):
    """Write what selects one object and some of its properties."""
    wanted = ''.join(f'<pathSet>{path}</pathSet>' for path in paths)
    return (
        f'<propSet><type>{kind or reference.kind}</type>{wanted}</propSet>'
        f'<objectSet>{write_ref("obj", reference)}</objectSet>'
    )


def read_objects(elements):
    """Give by reference what came of each object: values, and faults."""
    found = {}
    for content in elements:
        values = {
            one.findtext(f'{VIM}name'): one.find(f'{VIM}val')
            for one in content.iterfind(f'{VIM}propSet')
        }
        missing = {
            one.findtext(f'{VIM}path'): one.find(f'{VIM}fault/{VIM}fault').get(
                TYPE
            )
            for one in content.iterfind(f'{VIM}missingSet')
        }
        found[ref(content.find(f'{VIM}obj'))] = values, missing
    return found


class VcenterCase(unittest.TestCase):
    """A vCenter, and a client that is logged in."""

    how = {}

    def setUp(self):
        self.vcenter = fixtures.start(self, **self.how)
        self.world = self.vcenter.world
        self.client = self.new_client()
        self.client.log_in()

    def new_client(self):
        client = Client(self.vcenter)
        self.addCleanup(client.close)
        return client

    def assertFaults(self, kind, function, *args, **how):
        with self.assertRaises(Faulted) as caught:
            function(*args, **how)
        self.assertEqual(kind, caught.exception.kind, caught.exception)
        return caught.exception

    def read(self, reference, *paths, client=None):
        """Give what one object's paths came to: values, and faults."""
        [result] = (client or self.client).retrieve(
            one_spec(reference, *paths)
        )
        return read_objects(result.iterfind(f'{VIM}objects'))[reference]
