"""Maps and sets: the only test-and-set there is, and how writes get lost."""

import threading

import XenAPI

from tests.xapi_simulator.clients import PoolCase

IMAGE = 'c0ffee00-0000-4000-8000-000000000001'


class TestOtherConfig(PoolCase):
    def setUp(self):
        super().setUp()
        self.image = self.pool.actors.cache(IMAGE)

    def read(self):
        return self.xapi.VDI.get_other_config(self.image)

    def test_a_key_is_added_once_even_with_the_same_value(self):
        add = self.xapi.VDI.add_to_other_config
        add(self.image, 'claim', 'me')
        for value in 'me', 'you':
            self.assertFails(
                [
                    'MAP_DUPLICATE_KEY',
                    'VDI',
                    'other_config',
                    self.image,
                    'claim',
                ],
                add,
                self.image,
                'claim',
                value,
            )
        self.assertEqual('me', self.read()['claim'])

    def test_an_empty_key_is_refused(self):
        self.assertCode(
            'INVALID_VALUE',
            self.xapi.VDI.add_to_other_config,
            self.image,
            '',
            'a',
        )

    def test_what_is_not_there_is_removed_in_silence(self):
        before = self.read()
        self.xapi.VDI.remove_from_other_config(self.image, 'nothing')
        self.assertEqual(before, self.read())

    def test_a_whole_map_replaces_what_others_added(self):
        before = self.read()
        self.xapi.VDI.add_to_other_config(self.image, 'theirs', '1')
        self.xapi.VDI.set_other_config(self.image, before)
        self.assertEqual(before, self.read())

    def test_text_that_xml_cannot_carry_is_cut_or_refused(self):
        json = self.json()
        json.call(
            'VDI.add_to_other_config', self.image, 'key', 'before\x00after'
        )
        self.assertEqual('before', self.read()['key'])
        answer = json.raw(
            'VDI.set_other_config', self.session, self.image, {'a': '\x00'}
        )
        self.assertEqual('INVALID_VALUE', answer['error']['message'])

    def test_of_many_who_add_one_key_one_wins(self):
        winners = []
        start = threading.Barrier(8)

        def add(number):
            xapi = self.login()
            start.wait()
            try:
                xapi.VDI.add_to_other_config(self.image, 'k', str(number))
            except XenAPI.Failure as failure:
                assert failure.details[0] == 'MAP_DUPLICATE_KEY'
            else:
                winners.append(str(number))

        threads = [
            threading.Thread(target=add, args=(number,)) for number in range(8)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual([self.read()['k']], winners)

    def test_tags_are_a_set(self):
        for _ in range(2):
            self.xapi.VDI.add_tags(self.image, 'a')
        self.xapi.VDI.remove_tags(self.image, 'nothing')
        self.assertEqual(['a'], self.xapi.VDI.get_tags(self.image))
        self.xapi.VDI.remove_tags(self.image, 'a')
        self.assertEqual([], self.xapi.VDI.get_tags(self.image))

    def test_a_disk_blocks_no_operations(self):
        record = self.xapi.VDI.get_record(self.image)
        self.assertNotIn('blocked_operations', record)
        self.assertEqual('OpaqueRef:NULL', record['parent'])
