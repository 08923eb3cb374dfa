"""Which SRs of a pool are stores, and what they are called."""

import unittest

from imagecache_handlers import ConfigurationError
from imagecache_handlers_xenapi import opts
from imagecache_handlers_xenapi.storage_repositories import check_choices
from imagecache_handlers_xenapi.storage_repositories import DEFAULT
from imagecache_handlers_xenapi.storage_repositories import Pool
from tests.xenapi.pool import Pooled
from xapi_simulator import Scenario

NULL = 'OpaqueRef:NULL'


def sr(name, uuid, **more):
    return {
        'name_label': name,
        'uuid': uuid,
        'type': 'nfs',
        'other_config': {},
        'physical_size': '100',
        'physical_utilisation': '30',
        **more,
    }


def plug(sr, host, attached=True):
    return {'SR': sr, 'host': host, 'currently_attached': attached}


def pool(srs, plugs=(), hosts=(), default=NULL):
    return Pool(
        default=default,
        srs=srs,
        plugs=dict(enumerate(plugs)),
        hosts={ref: {'name_label': name} for ref, name in hosts},
    )


A, B = 'a' * 8 + '-1111-1111-1111-' + 'a' * 12, 'b' * 36


class TestChoices(unittest.TestCase):
    def chosen(self, made, *choices):
        found = made.chosen(check_choices(choices))
        return [(one.ref, one.store.name) for one in found]

    def test_an_sr_is_told_from_others_by_its_uuid(self):
        made = pool({'r1': sr('one', A)}, [plug('r1', 'h')])
        found = made.chosen(check_choices(['one', 'none']))
        self.assertEqual([A, None], [one.store.identity for one in found])

    def test_an_sr_is_named_in_many_ways(self):
        config = {'i18n-key': 'local-storage'}
        made = pool(
            {'r1': sr('one', A), 'r2': sr('two', B, other_config=config)},
            [plug('r1', 'h'), plug('r2', 'h')],
            default='r1',
        )
        for choice in 'one', A, DEFAULT:
            self.assertEqual([('r1', 'one')], self.chosen(made, choice))
        for choice in 'two', B, 'other-config:i18n-key=local-storage':
            self.assertEqual([('r2', 'two')], self.chosen(made, choice))

    def test_a_store_is_chosen_by_the_name_it_is_shown_by(self):
        made = pool(
            {'r1': sr('Local', A), 'r2': sr('Local', B)},
            [plug('r1', 'a'), plug('r2', 'b')],
            [('a', 'host-a'), ('b', 'host-b')],
        )
        self.assertEqual(
            [('r1', 'Local@host-a')], self.chosen(made, 'Local@host-a')
        )
        self.assertEqual(
            [('r1', 'Local@host-a'), ('r2', 'Local@host-b')],
            self.chosen(made, 'Local', 'Local@host-a'),
        )

    def test_each_is_a_store_once_in_the_order_of_the_options(self):
        made = pool({'r1': sr('one', A), 'r2': sr('two', B)})
        self.assertEqual(
            [('r2', 'two'), ('r1', 'one')],
            self.chosen(made, 'two', B, 'one', 'two', A),
        )

    def test_what_names_none_is_a_store_with_a_problem(self):
        for default in NULL, 'r-that-is-gone':
            made = pool({'r1': sr('one', A)}, default=default)
            for choice in DEFAULT, 'nowhere', 'other-config:a=b':
                [found] = made.chosen([choice])
                self.assertEqual(choice, found.store.name)
                self.assertIn(choice, found.store.problem)

    def test_an_sr_plugged_nowhere_has_a_problem(self):
        plugs = [plug('r1', 'h', attached=False), plug('r2', 'h')]
        made = pool({'r1': sr('one', A), 'r2': sr('two', B)}, plugs)
        one, two = made.chosen(['one', 'two'])
        self.assertIn('plugged', one.store.problem)
        self.assertIsNone(two.store.problem)

    def test_what_cannot_name_an_sr_is_refused(self):
        for choices in (
            [],
            [''],
            ['default-sr:false'],
            ['default-sr:'],
            ['other-config:key'],
            ['other-config:=value'],
            ['a\nb'],
        ):
            with self.assertRaises(ConfigurationError, msg=choices):
                check_choices(choices)

    def test_bytes(self):
        for size, used, total, free in (
            ('100', '30', 100, 70),
            (100, 30, 100, 70),
            ('100', '130', 100, 0),
            ('100', '-1', 100, 100),
            ('0', '0', None, None),
            ('-1', '30', None, None),
        ):
            made = sr('one', A, physical_size=size, physical_utilisation=used)
            [found] = pool({'r1': made}).chosen(['one'])
            self.assertEqual(
                (total, free), (found.store.total, found.store.free)
            )


class TestOneHost(Pooled, unittest.TestCase):
    """The first SR is shared, the others are local to one host each."""

    scenario = Scenario(hosts=2, srs=3)
    srs = ('other-config:what=cache', 'storage-0', 'storage-1')

    def setUp(self):
        super().setUp()
        for ref in self.pool.do('SR.get_all'):
            self.actors.set('SR', ref, other_config={'what': 'cache'})

    def stores(self, host):
        return {
            store.name: store.problem
            for store in self.connect(host=host).stores()
        }

    def test_what_others_have_plugged_is_none_of_its_own(self):
        hosts = self.pool.do('host.get_all_records').values()
        for record in hosts:
            for choice in 'name_label', 'uuid', 'address':
                number = record['name_label'][-1]
                local = {'1': 'storage-2', '2': 'storage-1'}[number]
                told = self.stores(record[choice])
                self.assertIsNone(told.pop('storage-0'))
                self.assertIsNone(told.pop(local))
                for name, problem in told.items():
                    self.assertEqual('storage-1', name)
                    self.assertIn(record['name_label'], problem)

    def test_of_those_of_one_name_only_its_own(self):
        for number in 1, 2:
            [ref] = self.pool.do('SR.get_by_name_label', f'storage-{number}')
            self.actors.set('SR', ref, name_label='Local')
        handler = self.connect(host='host-1', srs=['storage-0', 'Local'])
        self.assertEqual(
            {'storage-0': None, 'Local@host-1': None},
            {store.name: store.problem for store in handler.stores()},
        )

    def test_the_pool_is_that_of_all(self):
        self.assertEqual(3, len(self.stores(None)))

    def test_a_host_that_there_is_not_is_told_with_those_there_are(self):
        with self.assertRaises(ConfigurationError) as caught:
            self.stores('xen-9')
        for word in 'xen-9', '[imagecache_xenapi] host', 'host-1, host-2':
            self.assertIn(word, str(caught.exception))


class TestNames(unittest.TestCase):
    def names(self, labels, hosts=()):
        srs = {
            f'r{number}': sr(label, f'uuid-{number}')
            for number, label in enumerate(labels)
        }
        plugs = [plug(f'r{n}', host) for n, host in hosts]
        names = {(host, f'host-{host}') for _, host in hosts}
        return list(pool(srs, plugs, names).names().values())

    def test_a_name_of_its_own_serves(self):
        self.assertEqual(['one', 'two'], self.names(['one', 'two']))

    def test_local_srs_of_one_name_are_told_apart_by_host(self):
        self.assertEqual(
            ['Local@host-a', 'Local@host-b', 'nfs'],
            self.names(['Local', 'Local', 'nfs'], [(0, 'a'), (1, 'b')]),
        )

    def test_what_still_is_not_its_own_is_a_uuid(self):
        for hosts in (
            (),
            [(0, 'a'), (1, 'a')],
            [(0, 'a'), (0, 'b')],
            [(0, 'a'), (0, 'b'), (1, 'a'), (1, 'b')],
        ):
            names = self.names(['Local', 'Local'], hosts)
            self.assertEqual(['uuid-0', 'uuid-1'], names)

    def test_names_that_are_none_or_anothers_are_not_taken(self):
        taken = self.names(
            ['', 'a\nb', A, 'Local', 'Local', 'Local@host-a'],
            [(3, 'a'), (4, 'b')],
        )
        self.assertEqual(6, len(set(taken)))
        self.assertEqual(['uuid-0', 'uuid-1', 'uuid-2'], taken[:3])
        self.assertEqual('uuid-5', taken[5])


class TestOptions(unittest.TestCase):
    def test_the_password_is_secret_and_nothing_else(self):
        secret = {opt.name for opt in opts.OPTS if opt.secret}
        self.assertEqual({'password'}, secret)
