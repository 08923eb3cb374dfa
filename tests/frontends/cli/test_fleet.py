"""``fleet``, as far as nobody is asked; tests/functional/fleet has more."""

from tests.frontends.cli.command import Command


class TestFleet(Command):
    def join(self, *lines):
        with open(self.conf, 'a') as conf:
            conf.write('\n'.join(['[imagecache_fleet]', *lines, '']))

    def test_without_a_url_there_is_none(self):
        done = self.run_on('fleet')
        self.refused(done, 2, 'set [imagecache_fleet] backend_url')

    def test_a_bad_url_is_refused_and_not_shown(self):
        self.join('backend_url = http://:geheim@h')
        for command in ('fleet', 'run'):
            done = self.run_on(command)
            self.refused(done, 2, '[imagecache_fleet] backend_url: it must')
            self.assertNotIn('geheim', done.stderr)

    def test_a_bad_name_is_refused(self):
        self.join('backend_url = redis://h', 'host = ../h1')
        self.refused(self.run_on('run'), 2, "host '../h1' is not 1 to 253")

    def test_a_list_without_images_is_refused(self):
        self.join('backend_url = redis://h')
        done = self.run_on('fleet', 'diff', '-', stdin='# none\n')
        self.refused(done, 2, 'the list names no image')
