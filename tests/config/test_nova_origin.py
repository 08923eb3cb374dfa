"""Where a value of Nova's comes from is said, and so is why it is refused."""

from imagecache_handlers.config.options import GROUP
from imagecache_handlers.config.settings import Settings
from imagecache_handlers import ConfigurationError
from imagecache_handlers import loader
from tests.config.novas_options import Folder
from tests.config.novas_options import INTERVAL
from tests.config.novas_options import library_first
from tests.config.novas_options import NEW_TEXT
from tests.config.novas_options import nova_first
from tests.config.novas_options import OLD_TEXT
from tests.config.novas_options import ORDERS
from tests.config.novas_options import ORIGINAL
from tests.config.novas_options import REMOVE
from tests.config.novas_options import RESIZED
from tests.config.novas_options import standalone


class TestOrigin(Folder):
    def test_it_names_the_key_and_the_file(self):
        nova = self.file(OLD_TEXT + NEW_TEXT).partition('=')[2]
        mine = self.file(
            f'[imagecache]\n{REMOVE} = true\npolicy = lru\n'
            f'[libvirt]\n{RESIZED} = 3\n[image_cache]\n[DEFAULT]\n',
            'mine.conf',
        ).partition('=')[2]
        for order in ORDERS:
            conf = order([f'--config-file={nova}', f'--config-file={mine}'])
            for name, said in {
                # Not in the later file, though it has the same groups.
                INTERVAL: f'[image_cache] {INTERVAL} in {nova}',
                REMOVE: f'[imagecache] {REMOVE} in {mine}',
                RESIZED: f'[libvirt] {RESIZED} in {mine}',
                'policy': f'[imagecache] policy in {mine}',
                'handler': 'the default',
            }.items():
                with self.subTest(name, order=order.__name__):
                    self.assertEqual(said, Settings(conf).look_up(name).origin)

    def test_a_default_of_nova_is_named_so(self):
        for order in ORDERS:
            said = Settings(order([])).look_up(INTERVAL).origin
            self.assertEqual("Nova's default", said)

    def test_an_override_is_the_program(self):
        conf = standalone([])
        conf.set_override('handler', 'memory', group=GROUP)
        self.assertEqual(
            'the program', Settings(conf).look_up('handler').origin
        )


class TestRefusals(Folder):
    def refused(self, text, expected):
        for order in ORDERS:
            with self.subTest(text, order=order.__name__):
                file = self.file(text)
                with self.assertRaises(ConfigurationError) as caught:
                    Settings(order([file])).make_rules(loader.load_order)
                self.assertEqual(expected, str(caught.exception))

    def test_what_nova_refuses_is_refused(self):
        nova = self.place / 'nova.conf'
        self.refused(
            f'[DEFAULT]\n{REMOVE} = perhaps\n',
            f'[DEFAULT] {REMOVE} in {nova}: perhaps is not true or false',
        )
        self.refused(
            f'[image_cache]\n{ORIGINAL} = $unheard_of\n',
            f'[image_cache] {ORIGINAL} in {nova}: $unheard_of is not a '
            f'whole number',
        )

    def test_what_nova_takes_and_we_cannot_is_refused_with_advice(self):
        nova = self.place / 'nova.conf'
        for number in '-1', '99999999999999':
            self.refused(
                f'[DEFAULT]\n{ORIGINAL} = {number}\n',
                f'[DEFAULT] {ORIGINAL} in {nova}: {number} is not a whole '
                f'number from 0 to 3153600000: change it, or set '
                f'[imagecache] {ORIGINAL}',
            )

    def test_a_contradiction_to_nova_says_where_that_is_set(self):
        nova = self.place / 'nova.conf'
        self.refused(
            f'[image_cache]\n{ORIGINAL} = 7200\n'
            f'[imagecache]\nmax_age_seconds = 3600\n',
            f'[imagecache] max_age_seconds 3600 is below {ORIGINAL} '
            f'7200, which keeps every image longer: raise '
            f'max_age_seconds; {ORIGINAL} comes from [image_cache] '
            f'{ORIGINAL} in {nova}',
        )

    def test_whoever_asks_for_a_wrong_value_is_told(self):
        file = self.file(f'[image_cache]\n{INTERVAL} = -2\n')
        said = '-2 is not a whole number of at least -1'
        for order in library_first, nova_first, standalone:
            conf = order([file])
            ours = Settings(conf)
            for ask in ours.read_value, ours.look_up:
                with self.assertRaisesRegex(ConfigurationError, said):
                    ask(INTERVAL)
