"""``imagecache report``: the file that it writes."""

import os

from tests.frontends.cli.command import Command
from tests.frontends.cli.command import environment
from tests.frontends.cli.command import IMAGE
from tests.frontends.cli.command import OTHER

NO_JINJA = 'import sys\nsys.modules["jinja2"] = None\n'


class TestReport(Command):
    def setUp(self):
        super().setUp()
        self.page = self.root / 'page.html'
        self.wanted = 'report', '--html', str(self.page)

    def test_it_is_of_this_host_as_it_is_now(self):
        self.add()
        self.add(OTHER)
        self.assertEqual(
            '', self.out(*self.wanted, *self.in_use(f'{IMAGE} vm\n'))
        )
        text = self.page.read_text()
        for said in IMAGE, OTHER, self.path, 'in-use', 'too-young':
            self.assertIn(said, text)
        self.assertEqual(0o644, self.page.stat().st_mode & 0o777)
        left = [one for one in os.listdir(self.root) if '.report' in one]
        self.assertEqual([], left)

    def test_it_is_of_several_hosts_by_their_plans(self):
        self.add()
        plans = []
        for name in 'compute-1', 'compute-2':
            file = self.root / f'{name}.json'
            said = self.out('plan', '-f', 'json', *self.in_use('# none\n'))
            file.write_text(said)
            plans.append(str(file))
        self.assertEqual('', self.out(*self.wanted, *plans))
        text = self.page.read_text()
        for name in 'compute-1', 'compute-2':
            self.assertIn(f'<a href="#host-{name[-1]}">{name}</a>', text)

    def test_a_store_that_cannot_be_read_fails_it_and_is_told(self):
        os.rmdir(self.path)
        done = self.run_on(*self.wanted)
        self.refused(done, 1, 'cannot be read')
        self.assertIn('cannot be read', self.page.read_text())

    def test_where_it_cannot_be_written_it_is_an_error(self):
        fifo = self.root / 'fifo'
        os.mkfifo(fifo)
        for path in self.root / 'nowhere' / 'x.html', fifo, self.root:
            done = self.run_on('report', '--html', str(path))
            self.refused(done, 1, str(path))

    def test_what_is_no_plan_is_refused(self):
        file = self.root / 'x.json'
        file.write_text('{}')
        self.refused(self.run_on(*self.wanted, str(file)), 2, 'plan -f json')
        self.assertFalse(self.page.exists())

    def test_without_the_library_it_says_what_to_install(self):
        (self.root / 'sitecustomize.py').write_text(NO_JINJA)
        path = f'{self.root}:{environment()["PYTHONPATH"]}'
        done = self.run_on(*self.wanted, PYTHONPATH=path)
        self.refused(done, 2, "'imagecache-handlers[report]'")
