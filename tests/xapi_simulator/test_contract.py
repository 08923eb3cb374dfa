"""What the simulator offers is what the datamodel of xapi says."""

import gzip
import json
import pathlib
import unittest

from xapi_simulator.enums import ENUMS
from xapi_simulator import errors
from xapi_simulator.fields import ROLES
from xapi_simulator.interface import all_messages
from xapi_simulator.messages import REQUIRED
from xapi_simulator.schema import CLASSES
from xapi_simulator.unmarshal import NEEDED

DATA = pathlib.Path(__file__).parents[3] / 'shared' / 'data'
# xapi raises them, where the bytes of a disk fail and where something else
# than a snapshot is to be reverted to, and does not document them.
UNDOCUMENTED = {'REVERT_ONLY_ALLOWED_ON_SNAPSHOT', 'VDI_IO_ERROR'}
WHOLE = 'VDI', 'SR', 'PBD', 'VBD', 'task', 'session'


def load(name):
    path = DATA / name
    if not path.exists():
        raise unittest.SkipTest(f'{path} is not there')
    with gzip.open(path) as file:
        return json.load(file)


class TestDatamodel(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        classes = load('xenapi-datamodel.json.gz')
        cls.model = {one['name']: one for one in classes}
        cls.fields = {
            (one['name'], field['name']): field
            for one in classes
            for field in one['fields']
        }
        cls.messages = {
            f'{one["name"]}.{message["name"]}': message
            for one in classes
            for message in one['messages']
        }

    def test_every_field_has_its_type(self):
        for cls in CLASSES.values():
            for field in cls.fields.values():
                with self.subTest(cls=cls.name, field=field.name):
                    real = self.fields[cls.name, field.name]
                    self.assertEqual(real['type'], field.type)

    def test_every_field_begins_with_its_default(self):
        literals = {
            '""': '',
            'true': True,
            'false': False,
            '0': 0,
            '{}': (),
            'OpaqueRef:NULL': 'OpaqueRef:NULL',
            'Null': 'OpaqueRef:NULL',
            '19700101T00:00:00Z': '19700101T00:00:00Z',
            'persist': 'persist',
            'Halted': 'Halted',
            '"()"': '()',
        }
        for cls in CLASSES.values():
            for field in cls.fields.values():
                real = self.fields[cls.name, field.name].get('default')
                if real is None:
                    continue
                with self.subTest(cls=cls.name, field=field.name):
                    self.assertIn(real, literals)
                    empty = field.empty()
                    self.assertEqual(
                        literals[real], empty or type(literals[real])(empty)
                    )

    def test_the_classes_that_images_need_are_whole(self):
        for name in WHOLE:
            real = {field['name'] for field in self.model[name]['fields']}
            self.assertEqual(real, set(CLASSES[name].fields))

    def test_every_message_has_its_parameters_and_result(self):
        for message in all_messages().values():
            if message.hidden:
                continue
            with self.subTest(message.name):
                real = self.messages[message.name]
                params = [
                    (one['name'], one['type'], one['required'])
                    for one in real['params']
                    if one['name'] != 'session_id'
                ]
                ours = [
                    (one.name, one.type, one.default is REQUIRED)
                    for one in message.params
                ]
                self.assertEqual(params, ours)
                self.assertEqual(real['result'][0], message.result)

    def test_every_message_comes_with_a_session_or_without(self):
        for message in all_messages().values():
            if not message.hidden:
                first = self.messages[message.name]['params'][:1]
                named = [one['name'] for one in first] == ['session_id']
                self.assertEqual(named, not message.open, message.name)

    def test_every_message_wants_its_role(self):
        for message in all_messages().values():
            if message.hidden:
                continue
            with self.subTest(message.name):
                roles = self.messages[message.name]['roles']
                ours = ROLES[ROLES.index(message.role) :]
                self.assertEqual({*ours}, {*roles} - {'client-cert'})

    def test_what_is_hidden_is_the_filters(self):
        hidden = [one for one in all_messages().values() if one.hidden]
        for message in hidden:
            self.assertNotIn(message.name, self.messages)
            verb = message.name.partition('.')[2]
            self.assertIn(verb, ('get_all_where', 'get_all_records_where'))
        listed = [one for one in CLASSES.values() if one.listed]
        self.assertEqual(2 * len(listed), len(hidden))

    def test_every_enum_has_values_of_its_own(self):
        real = {
            enum['name']: {value['name'] for value in enum['values']}
            for one in self.model.values()
            for enum in one['enums']
        }
        for name, values in ENUMS.items():
            self.assertLessEqual(set(values), real[name], name)

    def test_a_record_needs_what_has_no_default(self):
        for name, needed in NEEDED.items():
            for field in needed:
                real = self.fields[name, field]
                self.assertIn(real['qualifier'], ('RO/constructor', 'RW'))
        for name in 'VDI', 'VBD':
            real = {
                field['name']
                for field in self.model[name]['fields']
                if field['qualifier'] in ('RO/constructor', 'RW')
                and field.get('default') is None
            }
            self.assertEqual(real, set(NEEDED[name]), name)


class TestErrors(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.real = load('xenapi-errors.json.gz')['errors']

    def test_every_error_has_its_parameters(self):
        self.assertFalse(UNDOCUMENTED & set(self.real))
        for code, params in errors.PARAMETERS.items():
            if code in UNDOCUMENTED:
                continue
            with self.subTest(code):
                self.assertEqual(self.real[code]['params'], list(params))

    def test_the_simulator_cannot_make_up_an_error(self):
        for code, params in (
            ('VDI_IS_NOT_MANAGED', ['ref']),
            ('VDI_IN_USE', ['ref']),
        ):
            with self.assertRaises(ValueError):
                errors.XapiError(code, *params)
