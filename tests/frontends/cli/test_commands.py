"""What each command shows and does, from the outside."""

import csv
import datetime
import io
import json
import os
import subprocess
import sys

from tests.frontends.cli.command import Command
from tests.frontends.cli.command import environment
from tests.frontends.cli.command import IMAGE
from tests.frontends.cli.command import OTHER
from tests.frontends.cli.command import THIRD

FIELDS = [
    'image',
    'store',
    'size',
    'state',
    'action',
    'reason',
    'until',
    'detail',
]


class TestPlan(Command):
    def test_an_empty_folder(self):
        said = self.out('plan')
        self.assertIn(f'{self.path}: 0 images, 0 B; ', said)
        self.assertIn('Nothing would be evicted.', said)

    def test_without_evidence_nothing_goes_and_it_says_why(self):
        self.add()
        self.age()
        said = self.out('plan')
        self.assertRegex(said, r'keep +unknown +nobody was asked')
        self.assertIn('1 image (8 KiB) cannot go', said)
        self.assertIn('--in-use-complete', said)

    def test_with_complete_evidence_the_unused_go(self):
        for image_id in IMAGE, OTHER, THIRD:
            self.add(image_id)
        self.age()
        self.add('young')
        said = self.out('plan', *self.in_use(f'{THIRD} vm-1,vm-2\n'))
        head, store, gauge, *rows = said.splitlines()
        self.assertRegex(gauge, r'^  used \d+%')
        self.assertEqual(
            ['image', 'size', 'action', 'reason', 'until', 'detail'],
            head.split(),
        )
        self.assertTrue(store.startswith(f'{self.path}: 4 images, 32 KiB; '))
        # Those that go above the others, in the order in which they go.
        self.assertEqual(
            [
                ['c0ffee..000001', '8', 'KiB', 'evict', 'expired'],
                ['c0ffee..000002', '8', 'KiB', 'evict', 'expired'],
                [THIRD[:8], '8', 'KiB', 'keep', 'in-use'],
                ['young', '8', 'KiB', 'keep', 'too-young'],
            ],
            [row.split()[:5] for row in rows[:4]],
        )
        self.assertEqual(
            '2 images would be evicted, freeing 16 KiB.', rows[-1]
        )
        self.assertNotIn('cannot go', said)

    def test_the_details_stand_in_their_columns(self):
        self.add()
        self.add(OTHER[::-1])
        self.age()
        self.out('pin', IMAGE, '--owner', 'ops', '--until', '2199-01-01')
        said = self.out('plan', *self.in_use(f'{OTHER[::-1]} vm-1,vm-2\n'))
        head, _, *rows = said.splitlines()
        self.assertIn(
            'vm-1, vm-2', [row[head.index('detail') :] for row in rows]
        )
        self.assertIn(
            '2199-01-01  ops', [row[head.index('until') :] for row in rows]
        )

    def test_it_fits_into_its_columns(self):
        for number in range(3):
            self.add(f'{"x" * 60}{number}')
        self.add(OTHER)
        self.age()
        who = ','.join(f'virtual-machine-{number}' for number in range(9))
        said = self.out('plan', *self.in_use(f'{OTHER} {who}\n'))
        for line in said.splitlines():
            if self.path not in line:
                self.assertLessEqual(len(line), 80, line)

    def test_it_writes_nothing(self):
        self.add()
        self.age()
        before = self.sidecar().read_bytes()
        self.out('plan', *self.in_use('# none\n'))
        self.assertEqual(before, self.sidecar().read_bytes())
        self.assertEqual(sorted([IMAGE, self.sidecar().name]), self.entries())

    def test_a_store_that_cannot_be_read_is_named_and_fails(self):
        self.folder.rename(self.root / 'away')
        said = self.out('plan', code=1)
        self.assertIn('cannot be read: No such file', said)

    def test_a_shortage_is_explained_and_fails(self):
        self.configure('high_watermark = 1', 'low_watermark = 0')
        self.add()
        said = self.out('plan', *self.in_use('# none\n'), code=1)
        self.assertIn(f'{self.path}: wanted ', said)
        self.assertIn(
            'planned 0 B: 8 KiB too young, the first at',
            ' '.join(said.split()),
        )

    def test_a_warning_is_shown(self):
        self.configure('protected_images = golden*')
        said = self.out('plan')
        self.assertIn("warning: protected pattern 'golden*' matches no", said)


class TestSweep(Command):
    def test_it_does_what_the_plan_says(self):
        for image_id in IMAGE, OTHER:
            self.add(image_id)
        self.age()
        said = self.out('sweep', *self.in_use(f'{OTHER} vm-1\n'))
        self.assertIn(f'evicted    {IMAGE}       8 KiB  unused 3 days', said)
        self.assertIn('Evicted 1 image, freed 8 KiB; 1 stayed.', said)
        self.assertEqual(
            sorted([OTHER, self.sidecar(OTHER).name]), self.entries()
        )

    def test_without_evidence_it_evicts_nothing(self):
        self.add()
        self.age()
        self.refused(self.run_on('sweep'), 1, 'nothing could be freed')
        self.assertTrue(self.file().exists())

    def test_a_first_sweep_only_notes_what_is_unused(self):
        self.add()
        said = self.out('sweep', *self.in_use('# none\n'))
        self.assertIn('The age of 1 image began.\n', said)
        again = self.out('sweep', *self.in_use('# none\n'))
        self.assertNotIn('began', again)
        [label] = self.labels()
        self.assertTrue(label.startswith('unused.'), label)

    def test_standard_input_will_do(self):
        self.add()
        self.age()
        said = self.out(
            'sweep', '--in-use', '-', '--in-use-complete', stdin='# none\n'
        )
        self.assertIn('Evicted 1 image', said)

    def test_falling_short_fails(self):
        self.configure('high_watermark = 1', 'low_watermark = 0')
        self.add()
        self.age()
        said = self.out('sweep', *self.in_use('# none\n'), code=1)
        self.assertIn('freed 8 KiB, wanted ', said)
        self.assertIn('Evicted 1 image', said)

    def test_a_store_that_cannot_be_read_is_named_and_fails(self):
        self.folder.rename(self.root / 'away')
        said = self.out('sweep', *self.in_use('# none\n'), code=1)
        self.assertIn(f'{self.path}: cannot be read: No such file', said)

    def test_an_image_that_cannot_be_removed_fails(self):
        self.add()
        self.age()
        (self.folder / f'.{IMAGE}.imagecache-lock').mkdir()
        done = self.run_on('sweep', *self.in_use('# none\n'))
        self.assertEqual(1, done.returncode)
        self.assertIn(f'failed     {IMAGE}', done.stdout)
        self.assertIn('Is a directory', ' '.join(done.stdout.split()))
        self.assertIn('freed 0 B; 1 failed, 0 stayed.', done.stdout)


class TestBrokenPipe(Command):
    def test_a_reader_that_has_seen_enough_is_no_error(self):
        for number in range(2000):
            self.file(f'{number}').write_bytes(b'x')
            self.write_sidecar(f'{number}', image_id=f'{number}')
        program = [sys.executable, '-m', 'imagecache_handlers.frontends.cli']
        with subprocess.Popen(  # noqa: S603 -- our own program
            [*program, 'plan', '--config-file', str(self.conf)],
            env=environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        ) as process:
            assert process.stdout and process.stderr
            self.assertIn('image', process.stdout.readline())
            process.stdout.close()
            self.assertEqual('', process.stderr.read())


class TestPins(Command):
    def test_a_pin_keeps_an_image_until_it_is_unpinned(self):
        self.add()
        self.age()
        none = self.in_use('# none\n')
        said = self.out('pin', IMAGE, '--owner', 'ops')
        self.assertEqual(f'{IMAGE} in {self.path} is pinned by ops\n', said)
        self.assertRegex(self.out('plan', *none), 'keep +pinned +ops')
        said = self.out('unpin', IMAGE, '--owner', 'ops')
        self.assertIn('is not pinned by ops now', said)
        self.assertRegex(self.out('plan', *none), 'evict +expired')

    def test_pins_of_others_stay(self):
        self.add()
        self.out('pin', IMAGE, '--owner', 'ops')
        self.out('pin', IMAGE, '--owner', 'dev')
        self.out('unpin', IMAGE, '--owner', 'ops')
        self.assertEqual({'pin.dev'}, self.labels())

    def test_unpinning_what_is_not_pinned(self):
        self.add()
        said = self.out('unpin', IMAGE, '--owner', 'ops')
        self.assertEqual(f'{IMAGE} had no pin of ops\n', said)

    def test_a_pin_may_end(self):
        self.add()
        for until in '+3d', '+72h', '2199-01-01T12:00', '2199-01-01':
            with self.subTest(until):
                said = self.out(
                    'pin', IMAGE, '--owner', 'ops', '--until', until
                )
                self.assertRegex(said, r'by ops until \d{4}-\d\d-\d\d\n$')
        self.assertEqual({'pin.ops.21990101t000000z'}, self.labels())

    def test_a_time_without_a_zone_is_the_hosts(self):
        self.add()
        self.out(
            *('pin', IMAGE, '--owner', 'ops', '--until', '2199-01-01T12:00'),
            TZ='XYZ-3',
        )
        self.assertEqual({'pin.ops.21990101t090000z'}, self.labels())

    def test_what_is_not_cached_cannot_be_pinned(self):
        for command in 'pin', 'unpin':
            done = self.run_on(command, IMAGE, '--owner', 'ops')
            self.refused(done, 1, IMAGE, 'is not in the cache')

    def test_what_is_asked_wrongly_is_refused(self):
        for arguments, said in {
            ('../x', '--owner', 'ops'): 'cannot name an image',
            (IMAGE,): '--owner',
            (IMAGE, '--owner', 'Ops!'): 'cannot be written on an image',
            (IMAGE, '--owner', 'o', '--until', 'soon'): 'write 2026-12-01',
            (IMAGE, '--owner', 'o', '--until', '+0d'): 'is not a time',
            (IMAGE, '--owner', 'o', '--until', '+999999w'): 'is not a time',
            (IMAGE, '--owner', 'o', '--until', '2020-01-01'): 'over already',
        }.items():
            with self.subTest(said):
                done = self.run_on('pin', *arguments)
                self.refused(done, 2, said, 'imagecache pin')


class TestList(Command):
    def test_json_has_the_eight_fields(self):
        image = self.add()
        self.age()
        [row] = self.rows().values()
        self.assertEqual(FIELDS, list(row))
        self.assertEqual((image.size, self.path), (row['size'], row['store']))
        self.assertEqual('unknown', row['state'])
        self.assertEqual(('keep', 'unknown'), (row['action'], row['reason']))
        self.assertIsNone(row['until'])
        self.assertIn('nobody was asked', row['detail'])

    def test_what_is_decided_is_listed(self):
        for image_id in IMAGE, OTHER, THIRD:
            self.add(image_id)
        self.age()
        self.add('young')
        os.link(self.file(THIRD), self.root / 'disk')
        rows = self.rows(*self.in_use(f'{OTHER} vm-1\n'))
        said = {
            image_id: (row['state'], row['action'], row['reason'])
            for image_id, row in rows.items()
        }
        self.assertEqual(
            {
                IMAGE: ('unused', 'evict', 'expired'),
                OTHER: ('in-use', 'keep', 'in-use'),
                THIRD: ('in-use', 'keep', 'in-use'),
                'young': ('unused', 'keep', 'too-young'),
            },
            said,
        )
        self.assertEqual('used by hard link', rows[THIRD]['detail'])
        until = datetime.datetime.fromisoformat(rows['young']['until'])
        self.assertIsNotNone(until.tzinfo)

    def test_other_formats(self):
        image = self.add()
        none = self.in_use('# none\n')
        reader = csv.DictReader(
            io.StringIO(self.out('list', '-f', 'csv', *none))
        )
        [row] = reader
        self.assertEqual(FIELDS, list(row))
        self.assertEqual(str(image.size), row['size'])
        said = self.out('list', '-f', 'value', '-c', 'image', '-c', 'size')
        self.assertEqual(f'{IMAGE} {image.size}\n', said)
        self.assertIn(f'size: {image.size}', self.out('list', '-f', 'yaml'))
        table = self.out('list', '-f', 'table')
        self.assertIn(' 8 KiB ', table)
        for field in FIELDS:
            self.assertIn(f' {field} ', table)

    def test_no_value_is_no_word(self):
        self.add()
        for given, nothing in ('csv', '""'), ('value', ''), ('yaml', 'null'):
            said = self.out('list', '-f', given, '-c', 'until')
            self.assertIn(nothing, said)
            self.assertNotIn('None', said)

    def test_an_unknown_column_is_refused(self):
        done = self.run_on('list', '-c', 'image', '-c', 'colour')
        self.refused(done, 2, 'colour is not a column', 'image, store, size')

    def test_a_store_that_cannot_be_read_fails_and_is_named(self):
        self.folder.rename(self.root / 'away')
        done = self.run_on('list', '-f', 'json')
        self.refused(done, 1, f'{self.path} cannot be read: No such file')
        self.assertEqual([], json.loads(done.stdout))


class TestPartsOfIds(Command):
    def test_a_list_of_users_with_a_part_of_an_id_is_refused(self):
        self.add(THIRD)
        self.age()
        for part in THIRD[:8], THIRD[:13], f'{THIRD[:6]}..{THIRD[-6:]}':
            for command in (
                *(['plan'], ['list'], ['sweep'], ['usage']),
                *(['show', THIRD], ['evict', THIRD]),
            ):
                done = self.run_on(*command, *self.in_use(f'{part} vm-1\n'))
                self.refused(
                    done, 2, f'{part} in the list', f'a part of {THIRD}'
                )
        self.assertTrue(self.file(THIRD).exists())

    def test_names_that_begin_like_others_are_names(self):
        self.add('debian-12')
        self.age()
        said = self.out('plan', *self.in_use('debian vm-1\n'))
        self.assertRegex(said, 'evict +expired')


class TestPages(Command):
    def test_list_shows_ids_whole_within_80_columns(self):
        self.assertEqual('No image is cached.\n', self.out('list'))
        for image_id in THIRD, 'debian-12':
            self.add(image_id)
        head, store, *rows = self.out('list').splitlines()
        self.assertEqual(f'{self.path}:', store)
        self.assertEqual(
            [
                [THIRD, '8', 'KiB', 'unknown', 'keep', 'unknown'],
                ['debian-12', '8', 'KiB', 'unknown', 'keep', 'unknown'],
            ],
            [row.split() for row in rows],
        )
        self.assertLessEqual(max(map(len, [head, *rows])), 80)

    def test_what_keeps_a_backend_from_seeing_is_told_at_length(self):
        self.add()
        self.age()
        missing = self.root / 'missing'
        with self.conf.open('a') as file:
            file.write(f'instance_paths = {missing}\n')
        for command in 'plan', 'sweep':
            said = ' '.join(self.run_on(command).stdout.split())
            self.assertIn(
                f'warning: 1 image (8 KiB) stays, users unknown: {missing}: '
                f'No such file or directory',
                said,
            )
        done = self.run_on('evict', IMAGE, *self.in_use('# none\n'))
        self.assertEqual(1, done.returncode)
        self.assertIn('No option overrules that.', done.stdout)

    def test_plugins_are_listed_within_80_columns(self):
        for command in 'handlers', 'policies':
            lines = self.out(command).splitlines()
            self.assertLessEqual(max(map(len, lines)), 80)
        self.assertIn('protected', lines)
        self.assertIn('  Nothing goes by itself.', lines)


class TestDemo(Command):
    def test_the_demo_shows_every_step_and_leaves_nothing(self):
        done = self.run_bare('demo', TMPDIR=str(self.root))
        self.assertEqual(('', 0), (done.stderr, done.returncode))
        steps = [
            line.split()[4]
            for line in done.stdout.splitlines()
            if line.startswith('$ imagecache ')
        ]
        self.assertEqual(
            ['list', 'plan', 'show', 'evict', 'pin', 'plan', 'sweep', 'usage'],
            steps,
        )
        self.assertNotIn('Traceback', done.stdout)
        for said in (
            '2 images would be evicted, freeing 7 MiB.',
            'users         vm-17, vm-23',
            '\n    used by vm-17, vm-23\n    No option overrules that.',
            'is pinned by ops until',
            'planned 4 MiB: 11 MiB',
            'Evicted 1 image, freed 4 MiB; 3 stayed.',
            '3 MiB  ########\n',
            '  7a6f9a52-6c37-4a2e-9d53-6f1c04a4b001      6 MiB  in-use ',
        ):
            self.assertIn(said, done.stdout)
        self.assertEqual(
            ['cache.conf', 'images'], sorted(os.listdir(self.root))
        )
