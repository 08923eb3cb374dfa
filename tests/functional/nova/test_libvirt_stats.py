"""What Nova's libvirt driver tells its scheduler, through its database."""

import time

from tests.directory.place import sha1
from tests.functional.nova.test_libvirt import IMAGE
from tests.functional.nova.test_libvirt import open_world
from tests.functional.nova.test_libvirt import OURS

OTHER = 'another'


def test_what_there_is_at_the_start_and_after_a_sweep(tmp_path):
    base = tmp_path / '_base'
    base.mkdir()
    (base / sha1(IMAGE)).write_bytes(b'image')
    with open_world(OURS, tmp_path) as world:
        end = time.monotonic() + 30
        # The driver looks in a thread of its own.
        while (told := world.nova.do('told', images=[IMAGE, OTHER])) is None:
            assert time.monotonic() < end
        assert told == [True, False]
        world.lay(sha1(OTHER))
        assert world.nova.do('told', images=[IMAGE, OTHER]) == [True, False]
        world.sweep()
        assert world.nova.do('told', images=[IMAGE, OTHER]) == [True, True]
