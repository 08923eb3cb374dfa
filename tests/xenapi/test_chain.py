"""Whose bytes a disk shares: tables of chains, drawn with letters.

``b>a`` is a disk b whose parent is a; each holds 1 byte unless told.
"""

import unittest

from hypothesis import given
from hypothesis import strategies as st

from imagecache_handlers_xenapi import chain
from imagecache_handlers_xenapi.chain import Forest
from imagecache_handlers_xenapi.chain import Node


def forest(text):
    nodes = []
    for word in text.split():
        name, _, size = word.partition(':')
        uuid, _, parent = name.partition('>')
        nodes.append(Node(uuid, parent or None, int(size or 1)))
    return Forest(nodes)


# The disks, the users of c, the bytes it holds and those it frees.
CHAINS = {
    'never cloned': ('c:5', '', 5, 5),
    'a stranger beside it': ('c:5 x:9', '', 5, 5),
    'one clone': ('b:5 c>b n>b', 'n', 6, 1),
    'two clones': ('b:5 c>b n>b m>b', 'm n', 6, 1),
    'the clones went': ('b:5 c>b', '', 6, 6),
    'a clone that was cloned': ('b:5 c>b h>b n>h m>h', 'm n', 6, 1),
    'a clone whose clones went, too': ('b:5 c>b h>b', 'h', 6, 1),
    'delivered as a chain': ('a:2 b>a:3 c>b', '', 6, 6),
    'a clone of an earlier state': ('a:2 b>a:3 c>b n>a', 'n', 6, 4),
    'a clone of each state': ('a:2 b>a:3 c>b n>a m>b', 'm n', 6, 1),
    'it is the parent itself': ('c:5 n>c', 'n', 5, 0),
    'its cousin is nobody': ('r a>r c', '', 1, 1),
}

# The disks in one look and the next, and whether no chain was changing.
LOOKS = {
    'nothing happened': ('b c>b n>b', 'b c>b n>b', True),
    'a disk came': ('b c>b', 'b c>b n>b', True),
    'one moved up its chain': ('a b>a c>b', 'a b>a c>a', True),
    'one lost its parent': ('b c>b', 'b c', False),
    'a parent went': ('b c>b n', 'c>b n', False),
    'one came without its parent': ('c', 'c n>b', False),
    'one has another parent, which is not there': ('n>b c', 'n>a c', False),
    'one got a parent, which is not there': ('n c', 'n>a c', False),
    'a chain was broken before': ('n>b c', 'n>b c', True),
    'a second one broke beside it': ('n>b a c>a', 'n>b c>a', False),
    'one was told nothing of': (None, 'b c>b', True),
    'a first look at a broken chain': (None, 'n>b c', False),
}

# The disks, the users of c, and what the reason says.
RIDDLES = {
    'its parent has no record': ('c>b', '', 'b has no record'),
    'a sibling whose parent has none': ('c>b n>b', 'n', 'b has no record'),
    'its grandparent has none': ('b>a c>b n>b', 'n', 'a has no record'),
    'its own parent': ('c>c', '', 'loops at c'),
    'its own grandparent': ('b>c c>b', '', 'loops at c'),
    'a loop above it': ('a>b b>a c>b', '', 'loops at b'),
    'a loop, and a sibling': ('a>b b>a c>b n>b', 'n', 'loops at b'),
}


class TestChains(unittest.TestCase):
    def test_users_and_bytes(self):
        for name, (text, users, size, frees) in CHAINS.items():
            with self.subTest(name):
                kin = forest(text).kin('c')
                self.assertEqual(set(users.split()), kin.users)
                self.assertEqual((size, frees), (kin.size, kin.frees))
                self.assertIsNone(kin.unknown)

    def test_what_cannot_be_followed_is_unknown_and_frees_nothing(self):
        for name, (text, users, why) in RIDDLES.items():
            with self.subTest(name):
                kin = forest(text).kin('c')
                self.assertEqual(set(users.split()), kin.users)
                self.assertIn(why, kin.unknown)
                self.assertEqual(0, kin.frees)

    def test_a_chain_that_changes_shows_in_two_looks(self):
        for name, (before, now, settled) in LOOKS.items():
            with self.subTest(name):
                earlier = None if before is None else forest(before)
                told = forest(now).is_settled_since(earlier)
                self.assertIs(settled, told)

    def test_a_chain_is_given_as_far_as_it_is_told(self):
        for text, told in {
            'c': 'c',
            'a b>a c>b n>b': 'a b c',
            'c>b': 'c',
            'a>b b>a c>b': 'a b c',
            'c>c': 'c',
        }.items():
            with self.subTest(text):
                self.assertEqual(set(told.split()), forest(text).chain('c'))
        self.assertEqual(set(), forest('c').chain('gone'))

    def test_the_order_of_records_means_nothing(self):
        for text, *_ in (*CHAINS.values(), *RIDDLES.values()):
            turned = ' '.join(reversed(text.split()))
            self.assertEqual(forest(text).kin('c'), forest(turned).kin('c'))

    @given(st.lists(st.sampled_from([*'abcdef', '']), min_size=6, max_size=6))
    def test_any_records_end(self, parents):
        nodes = [
            Node(uuid, parent or None, 1)
            for uuid, parent in zip('abcdef', parents, strict=True)
        ]
        for uuid in 'abcdef':
            kin = Forest(nodes).kin(uuid)
            self.assertNotIn(uuid, kin.users)
            self.assertLessEqual(kin.frees, kin.size)

    def test_a_long_chain_is_no_recursion(self):
        nodes = [Node('0', None, 1)]
        nodes += [Node(str(n), str(n - 1), 1) for n in range(1, 5000)]
        self.assertEqual(5000, Forest(nodes).kin('4999').frees)

    def test_of_other_types_of_sr_nobody_can_tell(self):
        for kind in 'ext', 'nfs', 'lvm', 'lvmoiscsi', 'smb', 'zfs', 'linstor':
            self.assertIsNone(chain.blind(kind))
        for kind in 'gfs2', 'zfs-vol', 'iso', 'udev', 'hba', 'shm', '':
            self.assertIn(repr(kind), chain.blind(kind))
