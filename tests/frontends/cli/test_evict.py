"""Evicting by hand: what is refused, what is passed, and what is meant."""

from tests.frontends.cli.command import Command
from tests.frontends.cli.command import IMAGE
from tests.frontends.cli.command import OTHER
from tests.frontends.cli.command import THIRD


class TestEvict(Command):
    def setUp(self):
        super().setUp()
        self.configure('protected_images = c0ffee*')
        self.add()

    def test_what_is_in_use_stays_and_its_user_is_named(self):
        used = self.in_use(f'{IMAGE} vm-7\n')
        said = self.out('evict', IMAGE, '--force', *used, code=1)
        self.assertRegex(said, rf'kept +{IMAGE} .* used by vm-7\n')
        self.assertIn('No option overrules that.', said)
        self.assertTrue(self.file().exists())

    def test_nothing_forces_what_is_unknown(self):
        said = self.out('evict', IMAGE, '--force', '--yes', code=1)
        self.assertIn('users unknown: nobody was asked', said)
        self.assertIn('Tell who uses what: --in-use', said)
        self.assertTrue(self.file().exists())

    def test_force_passes_pins_patterns_and_age_and_names_them(self):
        self.out('pin', IMAGE, '--owner', 'ops')
        none = self.in_use('# none\n')
        said = self.out('evict', IMAGE, *none, code=1)
        self.assertIn('Add --force to evict it.', said)
        self.assertTrue(self.file().exists())
        said = self.out('evict', IMAGE, '--force', *none)
        self.assertRegex(said, rf'^  evicted +{IMAGE} ')
        for passed in (
            'although pinned by ops',
            'although protected by the pattern c0ffee*',
            'although too young until',
        ):
            self.assertIn(passed, said)
        self.assertEqual([], self.entries())

    def test_what_is_held_stays(self):
        self.out('hold', IMAGE, '--owner', 'vm-1')
        none = self.in_use('# none\n')
        said = self.out('evict', IMAGE, '--force', *none, code=1)
        self.assertIn('held by vm-1', said)


class TestNames(Command):
    def setUp(self):
        super().setUp()
        for image_id in IMAGE, OTHER, THIRD:
            self.add(image_id)

    def test_a_beginning_will_do_if_it_is_one_images(self):
        said = self.out('show', THIRD[:8])
        self.assertTrue(said.startswith(f'{THIRD}\n'), said)
        said = self.out('show', 'c0ffee..000002')
        self.assertTrue(said.startswith(f'{OTHER}\n'), said)

    def test_what_may_be_several_is_refused_by_all_their_names(self):
        for command in (
            ['show', 'c0ffee'],
            ['evict', 'c0ffee00'],
            ['pin', 'c0ffee', '--owner', 'x'],
        ):
            done = self.run_on(*command)
            self.refused(done, 2, f'may be any of {IMAGE}, {OTHER}')

    def test_what_is_not_there_is_refused_with_what_may_be_meant(self):
        for command, said in {
            ('show', '5eed0000-0000-4000-8000-00000000003'): 'did you mean',
            ('evict', 'zzzz'): 'see imagecache list',
            ('hold', 'zzz', '--owner', 'x'): '4 characters or more',
            ('release', 'c0f', '--owner', 'x'): 'is not in the cache',
        }.items():
            self.refused(self.run_on(*command), 1, said)

    def test_while_a_store_cannot_be_read_nobody_says_it_is_not_there(self):
        self.folder.rename(self.root / 'away')
        for said in IMAGE, 'c0ffee':
            done = self.run_on('show', said)
            self.refused(done, 1, 'unavailable: No such file')
