"""The wire: strict requests, typed replies, faults as vCenter sends them."""

import xml.etree.ElementTree as ET

from tests.vcenter_simulator.clients import COLLECTOR
from tests.vcenter_simulator.clients import ENVELOPE
from tests.vcenter_simulator.clients import one_spec
from tests.vcenter_simulator.clients import ROOT
from tests.vcenter_simulator.clients import SERVICE
from tests.vcenter_simulator.clients import TYPE
from tests.vcenter_simulator.clients import VcenterCase
from tests.vcenter_simulator.clients import VIM
from vcenter_simulator.connection import BODY_LIMIT
from vcenter_simulator import fail
from vcenter_simulator import Reference

THIS = '<_this type="ServiceInstance">ServiceInstance</_this>'
GOOD = one_spec(ROOT, 'name')
NAMESPACE = 'xmlns="urn:vim25"'

# What is wrong, and a part of the words that say so.
BAD_CALLS = {
    'unknown method': (f'<Nonsense {NAMESPACE}>{THIS}</Nonsense>', 'resolve'),
    'other namespace': (
        f'<CurrentTime xmlns="urn:x">{THIS}</CurrentTime>',
        'namespace',
    ),
    'no namespace': (f'<CurrentTime>{THIS}</CurrentTime>', 'namespace'),
    'no this': (f'<CurrentTime {NAMESPACE}/>', '_this'),
    'this without kind': (
        f'<CurrentTime {NAMESPACE}><_this>ServiceInstance</_this>'
        '</CurrentTime>',
        '_this',
    ),
    'object of no known kind': (
        f'<Fetch {NAMESPACE}><_this type="Thing">a</_this><prop>name</prop>'
        '</Fetch>',
        'no type',
    ),
    'argument that is none': (
        f'<CurrentTime {NAMESPACE}>{THIS}<x/></CurrentTime>',
        '"x"',
    ),
    'text where there is none': (
        f'<CurrentTime {NAMESPACE}>some{THIS}</CurrentTime>',
        'text',
    ),
    'two calls': (f'<a {NAMESPACE}/><b {NAMESPACE}/>', 'one call'),
    'no call': ('', 'one call'),
}
# What stands for the arguments of RetrievePropertiesEx.
BAD_ARGUMENTS = {
    'out of order': f'<options/><specSet>{GOOD}</specSet>',
    'missing array': '<options/>',
    'missing argument': f'<specSet>{GOOD}</specSet>',
    'missing field': '<specSet><propSet><type>Folder</type></propSet>'
    '</specSet><options/>',
    'unknown field': f'<specSet>{GOOD}<more/></specSet><options/>',
    'not a number': f'<specSet>{GOOD}</specSet><options><maxObjects>many'
    '</maxObjects></options>',
    'a float': f'<specSet>{GOOD}</specSet><options><maxObjects>300.0'
    '</maxObjects></options>',
    'too large a number': f'<specSet>{GOOD}</specSet><options><maxObjects>'
    '2147483648</maxObjects></options>',
    'twice': f'<specSet>{GOOD}</specSet><options><maxObjects>1</maxObjects>'
    '<maxObjects>1</maxObjects></options>',
    'element in text': f'<specSet>{GOOD}</specSet><options><maxObjects>'
    '<b/></maxObjects></options>',
    'not a boolean': '<specSet><propSet><type>Folder</type><all>yes</all>'
    '</propSet></specSet><options/>',
    'type that is none': f'<specSet>{GOOD}</specSet>'
    '<options xsi:type="Nonsense"/>',
    'type that does not fit': f'<specSet>{GOOD}</specSet>'
    '<options xsi:type="WaitOptions"/>',
}


class TestRequests(VcenterCase):
    def test_calls_that_are_wrong(self):
        for what, (body, words) in BAD_CALLS.items():
            with self.subTest(what):
                fault = self.assertFaults(
                    'InvalidRequest', self.client.post, body
                )
                self.assertIn(words, fault.text)

    def test_arguments_that_are_wrong(self):
        for what, arguments in BAD_ARGUMENTS.items():
            with self.subTest(what):
                self.assertFaults(
                    'InvalidRequest',
                    self.client.call,
                    'RetrievePropertiesEx',
                    COLLECTOR,
                    arguments,
                )

    def test_a_method_of_another_object(self):
        fault = self.assertFaults(
            'MethodNotFound', self.client.call, 'CurrentTime', ROOT
        )
        self.assertEqual('CurrentTime', fault.field('method'))

    def test_an_enumeration_has_its_members_only(self):
        self.assertFaults(
            'InvalidRequest',
            self.client.call,
            'PowerOffVM_Task',
            Reference('VirtualMachine', 'vm-1'),
            '<x>y</x>',
        )

    def test_what_is_no_envelope(self):
        for body in (
            b'',
            b'nonsense',
            b'<a/>',
            b'\xff\xfe',
            b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>',
            ENVELOPE.format('<').encode(),
            ENVELOPE.format('&#0;').encode(),
        ):
            with self.subTest(body):
                answer, data = self.client.request('POST', '/sdk', body)
                self.assertEqual(500, answer.status)
                self.assertIn(b'InvalidRequestFault', data)

    def test_entities_are_refused_wherever_they_stand(self):
        call = (
            f'<CurrentTime {NAMESPACE}><_this type="ServiceInstance">&b;'
            '</_this></CurrentTime>'
        )
        head, _, rest = ENVELOPE.format(call).partition('?>')
        kind = '<!DOCTYPE a [<!ENTITY b "ServiceInstance">]>'
        answer, data = self.client.request(
            'POST', '/sdk', f'{head}?>{kind}{rest}'
        )
        self.assertEqual(500, answer.status)
        self.assertIn(b'InvalidRequestFault', data)

    def test_what_is_nested_for_ever(self):
        body = ENVELOPE.format('<a>' * 5000 + '</a>' * 5000)
        answer, data = self.client.request('POST', '/sdk', body)
        self.assertEqual(500, answer.status)
        deep = '<selectSet xsi:type="TraversalSpec"><type>Folder</type>'
        deep += '<path>childEntity</path>'
        spec = GOOD.replace(
            '</objectSet>', deep * 500 + '</selectSet>' * 500 + '</objectSet>'
        )
        self.assertFaults('InvalidRequest', self.client.retrieve, spec)

    def test_nil_is_unset_and_prefixes_are_any(self):
        nil = '<maxObjects xsi:nil="true"/>'
        [result] = self.client.retrieve(GOOD, nil)
        self.assertEqual(1, len(result.findall(f'{VIM}objects')))
        root = self.client.post(
            '<v:CurrentTime xmlns:v="urn:vim25"><v:_this type='
            '"ServiceInstance">ServiceInstance</v:_this></v:CurrentTime>'
        )
        self.assertIsNotNone(root.find(f'.//{VIM}returnval'))

    def test_a_length_is_needed_and_bounded(self):
        self.client.http.putrequest('POST', '/sdk')
        self.client.http.endheaders()
        self.assertEqual(411, self.client.http.getresponse().status)
        other = self.new_client()
        other.http.putrequest('POST', '/sdk')
        other.http.putheader('Content-Length', str(BODY_LIMIT + 1))
        other.http.endheaders()
        self.assertEqual(413, other.http.getresponse().status)

    def test_other_paths_are_not_found(self):
        for method, path in (
            ('POST', '/'),
            ('GET', '/sdk'),
            ('GET', '/'),
            ('HEAD', '/sdk'),
            ('PUT', '/sdk'),
        ):
            with self.subTest(path, method=method):
                client = self.new_client()
                answer, _ = client.request(method, path, '')
                self.assertEqual(404, answer.status)

    def test_what_is_gone_is_told_by_its_reference(self):
        gone = Reference('Folder', 'group-v99')
        fault = self.assertFaults(
            'ManagedObjectNotFound', self.client.retrieve, one_spec(gone)
        )
        self.assertEqual('group-v99', fault.field('obj'))
        self.assertFaults(
            'ManagedObjectNotFound',
            self.client.call,
            'CreateContainerView',
            Reference('ViewManager', 'ViewManager'),
            '<container type="Folder">group-v99</container>'
            '<recursive>true</recursive>',
        )

    def test_a_reference_of_another_kind_does_not_fit(self):
        self.assertFaults(
            'InvalidRequest',
            self.client.call,
            'CreateContainerView',
            Reference('ViewManager', 'ViewManager'),
            '<container type="Task">task-1</container>'
            '<recursive>true</recursive>',
        )


class TestReplies(VcenterCase):
    def test_scalars_have_their_type_where_anything_may_be(self):
        values, _ = self.read(ROOT, 'name', 'childEntity', 'childType')
        kinds = {name: value.get(TYPE) for name, value in values.items()}
        self.assertEqual(
            {
                'name': 'xsd:string',
                'childEntity': 'ArrayOfManagedObjectReference',
                'childType': 'ArrayOfString',
            },
            kinds,
        )

    def test_a_fault_says_what_it_is_twice(self):
        self.vcenter.before(
            'CurrentTime',
            fail('FileNotFound', 'It is <not> there', file='[ds] a & b'),
        )
        fault = self.assertFaults(
            'FileNotFound', self.client.call, 'CurrentTime', SERVICE
        )
        self.assertEqual(f'{VIM}FileNotFoundFault', fault.detail.tag)
        self.assertEqual('It is <not> there', fault.text)
        self.assertEqual('[ds] a & b', fault.field('file'))

    def test_what_nobody_thought_of_is_a_fault_as_well(self):
        def break_down():
            raise LookupError('nobody thought of it')

        self.vcenter.before('CurrentTime', break_down)
        fault = self.assertFaults(
            'SystemError', self.client.call, 'CurrentTime', SERVICE
        )
        self.assertIn('nobody thought of it', fault.field('reason'))

    def test_names_come_back_as_they_are(self):
        folder = self.world.root
        for name in ('a&b<c>"d"', ' ä €  ', '\U0001f5bc', "'", 'a\rb\tc'):
            with self.subTest(name):
                folder.properties['name'] = name
                values, _ = self.read(ROOT, 'name')
                self.assertEqual(name, values['name'].text)

    def test_what_xml_cannot_hold_becomes_a_mark(self):
        self.world.root.properties['name'] = 'a\x00\x1b\ud800b'
        values, _ = self.read(ROOT, 'name')
        self.assertEqual('a???b', values['name'].text)


class TestDescription(VcenterCase):
    def test_the_wsdl_has_every_method_and_is_well_formed(self):
        answer, data = self.client.request('GET', '/sdk/vimService.wsdl')
        self.assertEqual(200, answer.status)
        root = ET.fromstring(data)  # noqa: S314
        wsdl = '{http://schemas.xmlsoap.org/wsdl/}'
        names = {
            one.get('name')
            for one in root.iterfind(f'{wsdl}portType/{wsdl}operation')
        }
        self.assertLessEqual({'Login', 'SearchDatastore_Task'}, names)

    def test_the_versions_name_that_of_the_service(self):
        _, data = self.client.request('GET', '/sdk/vimServiceVersions.xml')
        root = ET.fromstring(data)  # noqa: S314
        self.assertEqual('urn:vim25', root.findtext('namespace/name'))
        [content] = self.client.call('RetrieveServiceContent', SERVICE)
        self.assertEqual(
            root.findtext('namespace/version'),
            content.findtext(f'{VIM}about/{VIM}apiVersion'),
        )
