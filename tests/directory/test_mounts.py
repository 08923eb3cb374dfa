"""NFS is used only where it shows at once what another host wrote."""

import os
from unittest import mock

from imagecache_handlers.directory.system import mounts
from tests.directory.place import Place

LINE = (
    '36 35 0:52 / /var/lib/my\\040images rw,relatime shared:1 - {kind} '
    'filer:/images rw,vers=4.2,{options},addr=192.0.2.1\n'
)
LOCAL = '22 1 8:1 / / rw,relatime - ext4 /dev/sda1 rw,lookupcache=all\n'

CASES = [
    ('nfs4', 'lookupcache=none,local_lock=none', None),
    ('nfs', 'lookupcache=none', None),
    ('nfs4', 'local_lock=none', 'lookupcache=none'),
    ('nfs', 'lookupcache=pos', 'lookupcache=none'),
    ('nfs', 'lookupcache=none,local_lock=all', 'local_lock'),
    ('nfs4', 'lookupcache=none,local_lock=flock', 'local_lock'),
    ('ext4', 'local_lock=all', None),
]


class TestMounts(Place):
    def test_what_is_said_of_a_mount(self):
        for kind, options, said in CASES:
            with self.subTest(kind=kind, options=options):
                lines = [LOCAL, LINE.format(kind=kind, options=options)]
                problem = mounts.judge(lines, '0:52')
                self.assertIn(said or '', problem or '')
                self.assertEqual(said is None, problem is None)

    def test_other_mounts_do_not_matter(self):
        lines = [LINE.format(kind='nfs', options='x'), LOCAL]
        self.assertIsNone(mounts.judge(lines, '8:1'))
        self.assertIsNone(mounts.judge(lines, '8:2'))

    def test_the_mounts_of_this_host_can_be_read(self):
        fd = os.open(self.folder, os.O_RDONLY)
        self.addCleanup(os.close, fd)
        self.assertIsNone(mounts.explain_problem(fd))

    def test_a_store_tells_of_it(self):
        device = os.stat(self.folder).st_dev
        number = f'{os.major(device)}:{os.minor(device)}'
        line = LINE.format(kind='nfs4', options='x').replace('0:52', number)
        (self.root / 'mountinfo').write_text(LOCAL + line)
        file = str(self.root / 'mountinfo')
        with mock.patch.object(mounts, '_MOUNTS', file):
            [store] = self.connect().stores()
        self.assertIn('lookupcache=none', store.problem or '')
