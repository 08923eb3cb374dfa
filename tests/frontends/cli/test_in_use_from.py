"""``--in-use-from nova``: the command, a folder, and a Nova over HTTP."""

import json

import pytest

from tests.frontends.cli.command import Command
from tests.frontends.cli.command import IMAGE
from tests.frontends.cli.command import OTHER
from tests.frontends.nova_api.nova_double import Machine
from tests.frontends.nova_api.nova_double import NovaDouble
from tests.frontends.nova_api.nova_double import NovaServer


class TestNova(Command):
    """A folder whose users nobody sees, with two images of three days."""

    @pytest.fixture(autouse=True)
    def _serve(self):
        self.nova = NovaDouble([Machine(number=1, image=IMAGE)])
        with NovaServer(self.nova) as server:
            self.server = server
            yield

    def setUp(self):
        super().setUp()
        self.add(IMAGE)
        self.add(OTHER)
        self.age()
        with self.conf.open('a') as file:
            file.write(
                '[imagecache_nova]\nauth_type = none\n'
                f'endpoint = {self.server.url}/v2.1\ntimeout_seconds = 5\n'
            )

    def actions(self, *words, code=0):
        said = self.run_on('plan', '-f', 'json', *words)
        self.assertEqual(code, said.returncode, said.stderr)
        return {
            row['image']: (row['action'], row['reason'])
            for row in json.loads(said.stdout)
        }

    def cached(self):
        return {one.image_id for one in self.listed()}

    def test_with_the_operators_word_what_nova_does_not_name_goes(self):
        words = '--in-use-from', 'nova', '--in-use-complete'
        found = self.actions(*words)
        self.assertEqual(('keep', 'in-use'), found[IMAGE])
        self.assertEqual(('evict', 'expired'), found[OTHER])
        self.assertEqual(('keep', 'unknown'), self.actions(*words[:2])[OTHER])
        self.out('sweep', *words)
        self.assertEqual({IMAGE}, self.cached())

    def test_a_list_that_is_not_whole_keeps_all_and_says_why(self):
        self.nova.meddle = lambda number, body: body | {'servers': []}
        done = self.run_on(
            *('sweep', '--in-use-from', 'nova', '--in-use-complete')
        )
        self.assertIn("Nova's list of servers proves use only", done.stderr)
        self.assertNotEqual(0, done.returncode)
        self.assertEqual({IMAGE, OTHER}, self.cached())

    def test_a_nova_that_does_not_tell_is_an_error_of_one_line(self):
        self.server.answers = [(503, {}, b'no')]
        done = self.run_on('sweep', '--in-use-from', 'nova')
        self.refused(done, 1, 'does not tell who uses what', '503')
