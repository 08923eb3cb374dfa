"""A cache whose users are seen by the disks of instances."""

from imagecache_handlers.directory import DirectoryHandler
from imagecache_handlers import ImageBusy
from imagecache_handlers import ImageInUse
from tests.directory.disks import resident
from tests.directory.place import IMAGE
from tests.directory.place import OTHER
from tests.directory.place import Place

NOBODY = frozenset()


class Used(Place):
    """Two images, and a folder with instances."""

    def setUp(self):
        super().setUp()
        self.instances = self.root / 'instances'
        (self.instances / 'locks').mkdir(parents=True)
        resident(self.instances)
        self.add(IMAGE)
        self.add(OTHER)

    def connect(self, **options):
        options.setdefault('instance_paths', [str(self.instances)])
        return DirectoryHandler([self.path], **options)

    def disks_of(self, **options):
        """Give who uses the image, and why that is not known for sure."""
        handler = self.connect(**options)
        [image] = handler.enumerate(self.path, {IMAGE})
        return image.users, image.unknown

    def disk(self, user, name='disk'):
        return self.instances / user / name

    def users(self, image_id=IMAGE):
        [image] = self.listed(image_id)
        return image.users

    def unknown(self):
        """What keeps users from being known, which must be of all images."""
        images = self.listed()
        [why] = {image.unknown for image in images}
        for image in images:
            self.assertIsNotNone(image.users)
            with self.assertRaises((ImageBusy, ImageInUse)):
                self.connect().evict(image)
        self.assertEqual(2, len(self.listed()))
        return why

    def assert_unknown(self, *said):
        why = self.unknown() or ''
        for text in said:
            self.assertIn(str(text), why)
