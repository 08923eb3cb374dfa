"""What may have come between a decision and its removal, and keeps it."""

import unittest

from imagecache_handlers import always
from imagecache_handlers import check_claimed
from imagecache_handlers import ImageBusy
from tests.planning.values import image

CLAIM = 'claim.5f0c.20261122t083200z'
SEEN = {CLAIM, 'pin.ops', 'site.a'}


class TestCheckClaimed(unittest.TestCase):
    def refused(self, labels, alive=always):
        try:
            check_claimed(image('debian', *SEEN), labels, alive)
        except ImageBusy as error:
            return str(error)
        return None

    def test_what_was_seen_may_go(self):
        self.assertIsNone(self.refused(SEEN))
        self.assertIsNone(self.refused([*SEEN]))

    def test_a_label_that_is_missing_keeps_it(self):
        for label in SEEN:
            told = self.refused(SEEN - {label})
            self.assertIn('it has lost a label', told)

    def test_a_pin_or_lease_that_came_keeps_it(self):
        for label in (
            'pin.dev',
            'pin.ops.20991122t083200z',
            'lease.vm-1.20991122t083200z',
            # Nobody knows what it is to say.
            'pin.an.odd.one',
            'lease.vm-1',
        ):
            with self.subTest(label):
                told = self.refused({*SEEN, label})
                self.assertIn('it was held or pinned meanwhile', told)

    def test_nothing_else_that_came_does(self):
        for label in (
            'claim.ffff.20991122t083200z',
            'hits.3',
            'unused.20991122t083200z',
            'seen.20991122t083200z',
            'site.pin.ops',
            'pinned',
        ):
            self.assertIsNone(self.refused({*SEEN, label}))

    def test_a_claim_that_is_over_keeps_it(self):
        told = self.refused(SEEN, lambda: False)
        self.assertIn('its claim ran out of time', told)

    def test_the_claim_is_asked_for_last(self):
        asked = []
        for labels in {CLAIM}, {*SEEN, 'pin.dev'}:
            self.assertIsNotNone(self.refused(labels, lambda: asked.append(1)))
        self.assertEqual([], asked)
