"""A chain of disks makes all that lies in it used, however long it is."""

from tests.directory.disks import create
from tests.directory.test_overlays import Used

LENGTH = 12


class TestChains(Used):
    def test_whoever_has_the_top_of_twelve_uses_the_bottom(self):
        below, form = self.file(), 'raw'
        for number in range(LENGTH):
            # All of another instance, but for the top.
            user = 'vm-1' if number == LENGTH - 1 else 'vm-0'
            top = self.disk(user, f'layer-{number:02}')
            top.parent.mkdir(exist_ok=True)
            create(top, below, form)
            below, form = top, 'qcow2'
        users = ' '.join(self.users())
        self.assertIn('vm-0', users)
        self.assertIn('vm-1', users)
