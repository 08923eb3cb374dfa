"""What Nova's instances prove of images."""

import itertools
import unittest

from imagecache_handlers.frontends.nova.instances import gather_evidence
from imagecache_handlers.frontends.nova.instances import list_images
from tests.directory.place import THEN
from tests.frontends.nova.things import Instance
from tests.frontends.nova.things import ListObject
from tests.frontends.nova.things import plain
from tests.frontends.nova.things import Stored
from tests.frontends.nova.things import whole

# The columns of instances, and who uses what by them.
READ = (
    ([], {}),
    ([{'image_ref': 'a'}], {'a': {'vm-1'}}),
    (
        [{'image_ref': 'a', 'kernel_id': 'k', 'ramdisk_id': 'r'}],
        {'a': {'vm-1'}, 'k': {'vm-1'}, 'r': {'vm-1'}},
    ),
    # A boot from a volume.
    ([{'image_ref': '', 'kernel_id': None, 'ramdisk_id': ''}], {}),
    ([{'kernel_id': 'k'}], {'k': {'vm-1'}}),
    (
        [{'image_ref': 'a'}, {'image_ref': 'a', 'uuid': 'vm-2'}],
        {'a': {'vm-1', 'vm-2'}},
    ),
    # Two of one uuid, as of two cells.
    ([{'image_ref': 'a'}, {'image_ref': 'b'}], {'a': {'vm-1'}, 'b': {'vm-1'}}),
    ([{'image_ref': 'a', 'uuid': ''}], {'a': {'an instance'}}),
    ([{'image_ref': 'a', 'uuid': 'v\x1bm'}], {'a': {'an instance'}}),
    ([{'image_ref': 'a', 'uuid': None}], {'a': {'an instance'}}),
    (
        [{'image_ref': 'a', 'vm_state': 'soft-delete'}],
        {'a': {'vm-1'}},
    ),
    (
        [{'image_ref': 'a', 'task_state': 'resize_migrating'}],
        {'a': {'vm-1'}},
    ),
)
KINDS = Instance, Stored
HOSTILE = 'x' * 300, '../etc', 'a/b', '-a', 7, 'a\n', b'a', ['a'], ({},)


class TestEvidence(unittest.TestCase):
    def test_who_uses_what(self):
        for kind, (columns, users) in itertools.product(KINDS, READ):
            with self.subTest(columns, kind=kind):
                instances = [kind(**one) for one in columns]
                found = gather_evidence(instances, THEN)
                self.assertEqual(users, dict(found.evidence.users))
                self.assertEqual((len(columns), 0), self.counts(found))

    def test_what_an_object_has_in_itself_is_not_asked_for(self):
        one = Stored(image_ref='a', kernel_id='')
        found = gather_evidence(ListObject(one), THEN, complete=True)
        self.assertEqual({'a': {'vm-1'}}, dict(found.evidence.users))
        self.assertEqual(['ramdisk_id'], one.asked)
        self.assertFalse(found.evidence.complete)

    def counts(self, found):
        return found.instances, found.refused

    def test_an_instance_without_its_columns(self):
        found = gather_evidence([plain(image_ref='a'), plain()], THEN)
        self.assertEqual({'a': {'an instance'}}, dict(found.evidence.users))

    def test_what_cannot_name_an_image_is_told_and_counted(self):
        for image_id in HOSTILE:
            with (
                self.subTest(image_id),
                self.assertLogs(level='WARNING') as log,
            ):
                one = whole(image_ref=image_id, kernel_id='k')
                found = gather_evidence([one], THEN, complete=True)
                self.assertEqual({'k': {'vm-1'}}, dict(found.evidence.users))
                self.assertEqual((1, 1), self.counts(found))
                self.assertFalse(found.evidence.complete)
                self.assertEqual(0, found.unread)
                self.assertEqual(1, len(log.output))
                self.assertLess(len(log.output[0]), 250)
                self.assertIn(repr(image_id)[:100], log.output[0])

    def test_each_of_several_that_are_made_of_the_same_counts(self):
        """They are judged together, and told one by one."""
        uuids = 'vm-1', 'vm-2', 'vm-3'
        refused = [whole(image_ref='../x', uuid=one) for one in uuids]
        with self.assertLogs(level='WARNING') as log:
            found = gather_evidence(refused, THEN)
        self.assertEqual((3, 3), self.counts(found))
        for uuid, line in zip(uuids, log.output, strict=True):
            self.assertIn(uuid, line)
        unread = [Instance(image_ref='a', uuid=one) for one in uuids]
        self.assertEqual(3, gather_evidence(unread, THEN).unread)

    def test_it_is_complete_only_when_told_so(self):
        self.assertFalse(gather_evidence([], THEN).evidence.complete)
        found = gather_evidence([], THEN, complete=True)
        self.assertTrue(found.evidence.complete)
        self.assertEqual(THEN, found.evidence.as_of)

    def test_what_is_not_known_leaves_it_incomplete(self):
        for one, is_complete in (
            (whole(image_ref='a'), True),
            (whole(), True),
            (plain(image_ref='a', kernel_id=None, ramdisk_id=''), True),
            (Instance(image_ref='a', kernel_id=''), False),
            (Instance(), False),
            (plain(image_ref='a', kernel_id=''), False),
            (whole(kernel_id='http://glance/images/a'), False),
        ):
            with self.subTest(one):
                found = gather_evidence([one, whole()], THEN, complete=True)
                self.assertIs(is_complete, found.evidence.complete)

    def test_images_of_one(self):
        one = Instance(image_ref='a', kernel_id='a', ramdisk_id='../x')
        self.assertEqual(['a'], list_images(one))
