"""What programs are given: the same keys and types, release by release."""

import csv
import io
import json
import shutil

from tests.frontends.cli.command import Command
from tests.frontends.cli.command import IMAGE
from tests.frontends.cli.command import OTHER
from tests.frontends.cli.command import THIRD

TEXT = (str,)
NUMBER = (int,)
MAYBE = (str, type(None))

VERDICT = {
    'image': TEXT,
    'store': TEXT,
    'size': NUMBER,
    'state': TEXT,
    'action': TEXT,
    'reason': TEXT,
    'until': MAYBE,
    'detail': TEXT,
}
OUTCOME = {
    'image': TEXT,
    'store': TEXT,
    'size': NUMBER,
    'did': TEXT,
    'freed': (int, type(None)),
    'reason': TEXT,
    'detail': TEXT,
}
SHOWN = VERDICT | {
    'location': TEXT,
    'variant': TEXT,
    'frees': NUMBER,
    'cached_at': MAYBE,
    'unused_since': MAYBE,
    'users': (list, type(None)),
    'pins': (dict,),
    'leases': (dict,),
    'hits': NUMBER,
    'blockers': (list,),
}
PLUGIN = dict.fromkeys(('name', 'summary', 'from', 'problem'), TEXT)
HANDLER = PLUGIN | {'contract': (int, type(None))}
SETTING = {'group': TEXT, 'option': TEXT, 'value': MAYBE, 'from': TEXT}
USAGE = {
    'store': TEXT,
    'kind': TEXT,
    'count': NUMBER,
    'size': NUMBER,
    'total': (int, type(None)),
    'free': (int, type(None)),
    'high_watermark': NUMBER,
    'low_watermark': NUMBER,
}
DEBRIS = {
    'store': TEXT,
    'location': TEXT,
    'size': NUMBER,
    'since': MAYBE,
    'why': TEXT,
}
CLEANED = {
    'store': TEXT,
    'location': TEXT,
    'size': NUMBER,
    'did': TEXT,
    'freed': (int, type(None)),
    'detail': TEXT,
}


class TestSchemas(Command):
    def setUp(self):
        super().setUp()
        for image_id in IMAGE, OTHER:
            self.add(image_id)
        self.age()
        self.add(THIRD)
        # Debris: a sidecar whose image is gone.
        self.add('gone')
        self.file('gone').unlink()
        self.out('pin', OTHER, '--owner', 'ops', '--until', '2199-01-01')
        self.used = self.in_use(f'{THIRD} vm-1,vm-2\n')

    def checked(self, schema, *command, code=0):
        rows = json.loads(self.out(*command, '-f', 'json', code=code))
        self.assertTrue(rows)
        for row in rows:
            self.assertEqual(list(schema), list(row))
            for key, kinds in schema.items():
                self.assertIn(type(row[key]), kinds, (command, key))
        return rows

    def test_the_table(self):
        used = self.used
        planned = self.checked(VERDICT, 'plan', *used)
        dry = self.checked(VERDICT, 'sweep', '--dry-run', *used)
        self.assertEqual(planned, dry)
        listed = self.checked(VERDICT, 'list', *used)
        self.assertEqual(
            sorted(planned, key=lambda row: row['image']),
            sorted(listed, key=lambda row: row['image']),
        )
        [row] = self.checked(SHOWN, 'show', OTHER, *used)
        self.assertEqual({'ops': '2199-01-01T00:00:00+00:00'}, row['pins'])
        row = self.checked(USAGE, 'usage', *used)[0]
        found = shutil.disk_usage(self.folder)
        self.assertEqual(found.total, row['total'])
        self.assertLess(0, row['free'])
        marks = row['high_watermark'], row['low_watermark']
        self.assertEqual((100, 80), marks)
        [left] = self.checked(DEBRIS, 'debris', 'list')
        [cleaned] = self.checked(CLEANED, 'debris', 'clean')
        self.assertEqual(left['location'], cleaned['location'])
        self.checked(OUTCOME, 'evict', THIRD, *used, code=1)
        [gone] = self.checked(OUTCOME, 'sweep', *used)
        self.assertEqual((IMAGE, 'evicted'), (gone['image'], gone['did']))
        self.checked(HANDLER, 'handlers')
        self.checked(PLUGIN, 'policies')
        self.checked(SETTING, 'config')

    def test_every_format_of_every_command(self):
        for command, column in {
            'plan': 'image',
            f'show {IMAGE}': 'image',
            'usage': 'kind',
            'debris list': 'location',
            'policies': 'name',
        }.items():
            words = [*command.split(), '-c', column, '--sort-column', column]
            with self.subTest(command):
                read = csv.DictReader(
                    io.StringIO(self.out(*words, '-f', 'csv'))
                )
                values = [row[column] for row in read]
                self.assertTrue(values)
                self.assertEqual(sorted(values), values)
                said = self.out(*words, '-f', 'value', '--sort-descending')
                self.assertEqual(values[::-1], said.splitlines())
        words = ['show', IMAGE]
        said = self.out(*words, '-f', 'yaml')
        self.assertIn(f'image: {IMAGE}\n', said)
        self.assertIn(f'| {IMAGE} |', self.out(*words, '-f', 'table'))
        said = self.out(*words, '-f', 'json', '--noindent', '-c', 'image')
        self.assertIn({'image': IMAGE}, json.loads(said))
        self.assertEqual(1, len(said.splitlines()))

    def test_what_names_no_column_is_refused_before_anything_is_done(self):
        for words, said in {
            (
                'sweep',
                '-f',
                'json',
                '-c',
                'did',
                '-c',
                'x',
            ): 'x is not a column',
            (
                'plan',
                '-f',
                'csv',
                '--sort-column',
                'did',
            ): 'did is not a column',
            ('plan', '-c', 'image'): 'name a format, too',
            ('debris', 'list', '-f', 'page'): "invalid choice: 'page'",
            ('sweep', '-f', 'xml'): "invalid choice: 'xml'",
        }.items():
            done = self.run_on(
                *words, *self.used[: 3 * (words[0] != 'debris')]
            )
            self.refused(done, 2, said)
        self.assertTrue(self.file().exists())
