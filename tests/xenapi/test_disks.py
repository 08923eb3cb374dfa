"""What makes a VDI a cached image, and which of its keys are labels."""

import unittest

from hypothesis import given
from hypothesis import strategies as st

from imagecache_handlers_xenapi.disks import Disk
from imagecache_handlers_xenapi.disks import key
from imagecache_handlers_xenapi.disks import STAGING
from imagecache_handlers_xenapi.disks import staging_name

UUID, OTHER = (digit * 8 + '-0000-4000-8000-' + digit * 12 for digit in '12')
OWN, THEIRS = key(UUID, 'pin.ops'), key(OTHER, 'pin.ops')
IMAGE = {
    'uuid': UUID,
    'SR': 'r',
    'name_label': 'Glance Image debian',
    'other_config': {'image-id': 'debian'},
    'sm_config': {},
    'managed': True,
    'missing': False,
    'is_a_snapshot': False,
    'type': 'user',
    'VBDs': [],
    'current_operations': {},
    'physical_utilisation': '7',
}


def disk(**fields):
    return Disk('OpaqueRef:x', {**IMAGE, **fields})


def marked(**marks):
    return disk(other_config={'image-id': 'debian', **marks})


class TestImages(unittest.TestCase):
    def test_an_image(self):
        self.assertEqual('debian', disk().image_id)
        self.assertEqual('debian', disk(type='system').image_id)

    def test_what_lacks_mark_or_shape_is_none(self):
        for fields in (
            {'other_config': {}},
            {'other_config': {'image-id': 'alpine'}},
            {'name_label': 'Glance Image debian '},
            {'name_label': 'debian'},
            {'name_label': staging_name('debian')},
            {'managed': False},
            {'missing': True},
            {'is_a_snapshot': True},
            {'type': 'metadata'},
        ):
            self.assertIsNone(disk(**fields).image_id, fields)

    def test_a_hostile_id_is_none(self):
        for image_id in '', '..', 'a/b', '"', 'a b', 'x' * 256, 'é':
            made = disk(
                name_label=f'Glance Image {image_id}',
                other_config={'image-id': image_id},
            )
            self.assertIsNone(made.image_id, image_id)

    def test_one_that_wears_anothers_label_is_a_copy(self):
        own, strange = key(UUID, 'pin.ops'), key(OTHER, 'pin.ops')
        self.assertEqual('debian', marked(**{own: 'set'}).image_id)
        for keys in (strange,), (strange, own):
            made = marked(**dict.fromkeys(keys, 'set'))
            self.assertTrue(made.is_copy)
            self.assertIsNone(made.image_id)

    def test_only_ones_own_keys_are_labels(self):
        made = marked(
            **{
                key(UUID, 'pin.ops'): 'set',
                key(UUID, 'NO LABEL'): 'set',
                key(UUID, ''): 'set',
                key(OTHER, 'pin.dev'): 'set',
                'pin.qa': 'set',
                'imagecache/pin.qa': 'set',
            }
        )
        self.assertEqual({'pin.ops'}, made.labels)

    def test_sizes_of_either_protocol_are_read(self):
        for given_, size in ('7', 7), (7, 7), ('-1', 0):
            self.assertEqual(size, disk(physical_utilisation=given_).size)

    def test_a_time_that_is_garbage_is_none(self):
        for text in '', 'x', '-5', '1.5', '9' * 12, '٣', ' 1':
            self.assertIsNone(marked(**{'cached-time': text}).cached_at)
        self.assertEqual(
            2020, marked(**{'cached-time': '1577836800'}).cached_at.year
        )
        self.assertIsNotNone(marked(**{'cached-time': '9' * 11}).cached_at)

    def test_only_qcow2_and_the_like_have_a_problem(self):
        for form, problem in ('', False), ('vhd', False), ('qcow2', True):
            made = disk(sm_config={'image-format': form})
            self.assertEqual(problem, made.format_problem is not None)

    def test_half_an_image_is_known_by_tag_and_name(self):
        tag = 'debian 20200101t000000z 0badcafe'
        staged = {
            'name_label': staging_name('debian'),
            'other_config': {STAGING: tag},
        }
        self.assertEqual(2020, disk(**staged).staged_at.year)
        for more in (
            {'name_label': 'Glance Image debian'},
            {'name_label': staging_name('alpine')},
            {'other_config': {}},
            {'other_config': {STAGING: 'debian never 0badcafe'}},
            {'other_config': {STAGING: tag, 'image-id': 'debian'}},
            {'other_config': {STAGING: tag, key(OTHER, 'pin.ops'): 'set'}},
        ):
            self.assertIsNone(disk(**{**staged, **more}).staged_at, more)

    def test_or_by_name_and_label_once_the_tag_is_off(self):
        half = {
            'name_label': staging_name('debian'),
            'other_config': {'cached-time': '1577836800', OWN: 'set'},
        }
        marked = {**half['other_config'], 'image-id': 'debian'}
        for other_config in half['other_config'], marked:
            made = disk(**{**half, 'other_config': other_config})
            self.assertEqual(2020, made.staged_at.year)
            self.assertIsNone(made.image_id)
        for more in (
            {'name_label': 'Glance Image debian'},
            {'name_label': 'my (imagecache staging)'},
            {'other_config': {OWN: 'set'}},
            {'other_config': {'cached-time': '1577836800'}},
            {'other_config': {**half['other_config'], THEIRS: 'set'}},
        ):
            self.assertIsNone(disk(**{**half, **more}).staged_at, more)

    @given(st.dictionaries(st.text(), st.text()), st.text())
    def test_no_text_is_fatal(self, marks, name):
        made = disk(name_label=name, other_config=marks)
        self.assertIsNone(made.image_id)
        self.assertIsNone(made.staged_at)
        self.assertEqual(frozenset(), made.labels)
        self.assertTrue(made.cached_at is None or made.cached_at.tzinfo)
