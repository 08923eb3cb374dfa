"""Using: what ``enumerate`` says of those who use an image."""

from imagecache_handlers.testing.conformance.examining import Examining
from imagecache_handlers.testing.conformance.examining import promise
from imagecache_handlers.testing.conformance.samples import TWO


class Using(Examining):
    """``users``: those of that image, as they come and go."""

    @promise('enumerate')
    def test_users_are_seen_to_come_and_go(self) -> None:
        image = self._seeded()
        other = self._seeded(TWO)
        nobody = frozenset[str]() if self.sees_users else None
        self.assertEqual(nobody, image.users)
        if self._sees_users():
            self.assertIsInstance(image.users, frozenset)
            self.occupy(image, 'vm-1')
            self.assertIsInstance(self._again(image).users, frozenset)
            self.assertTrue(self._again(image).users)
            self.assertEqual(nobody, self._again(other).users)
            self.vacate(image, 'vm-1')
        self.assertEqual([nobody, nobody], [im.users for im in self._list()])
        [again] = self._list(image.image_id)
        self.assertEqual(nobody, again.users)

    @promise('enumerate')
    def test_one_user_remains_when_another_goes(self) -> None:
        image = self._seeded()
        if not self._sees_users():
            self.assertIsNone(image.users)
            return
        self.occupy(image, 'vm-1')
        self.occupy(image, 'vm-2')
        self.vacate(image, 'vm-1')
        self.assertTrue(self._again(image).users)
        [again] = self._list(image.image_id)
        self.assertTrue(again.users)
