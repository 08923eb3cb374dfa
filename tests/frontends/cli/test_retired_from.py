"""``--retired-from glance``: the command, a folder, and a Glance over HTTP."""

import json

import pytest

from tests.frontends.cli.command import Command
from tests.frontends.cli.command import IMAGE
from tests.frontends.cli.command import OTHER
from tests.frontends.cli.command import THIRD
from tests.frontends.glance_api.glance_double import GlanceDouble
from tests.frontends.glance_api.glance_double import GlanceServer

FROM = ('--retired-from', 'glance')
PUBLIC = 'active', 'public', 'project-a'
DROP = 'drop_deleted = True', 'policy = lru'


class TestGlance(Command):
    """Three images of three days, of which Glance has had one deleted."""

    @pytest.fixture(autouse=True)
    def _serve(self):
        self.glance = GlanceDouble()
        self.glance.images |= dict.fromkeys([IMAGE, THIRD], PUBLIC)
        with GlanceServer(self.glance) as server:
            self.server = server
            yield

    def setUp(self):
        super().setUp()
        for image_id in IMAGE, OTHER, THIRD:
            self.add(image_id)
        self.age()
        self.used = self.in_use(f'{THIRD} vm-1\n')

    def configure(self, *lines):
        super().configure(*lines)
        with self.conf.open('a') as file:
            file.write(
                '[imagecache_glance]\nauth_type = none\n'
                f'endpoint = {self.server.url}\ntimeout_seconds = 5\n'
            )

    def planned(self, *words):
        said = self.out('plan', '-f', 'json', *self.used, *words)
        return {
            row['image']: (row['action'], row['reason'], row['retired'])
            for row in json.loads(said)
        }

    def columns(self, *words):
        said = self.out(*words, '-f', 'json', *self.used)
        return [*json.loads(said)[0]]

    def cached(self):
        return {one.image_id for one in self.listed()}

    def test_it_is_told_and_changes_nothing_by_itself(self):
        self.configure('policy = lru')
        assert self.planned(*FROM) == {
            IMAGE: ('keep', 'not-needed', None),
            OTHER: ('keep', 'not-needed', 'deleted'),
            THIRD: ('keep', 'in-use', None),
        }
        # Three, the one that is missing once more, and two proofs.
        assert len(self.server.paths) == 6
        page = self.out('plan', *self.used, *FROM)
        assert 'deleted in Glance, unused' in page
        assert 'Deleted or deactivated in Glance: 1 image' in page
        shown = self.out('show', OTHER, *self.used, *FROM)
        assert 'deleted in Glance' in shown

    def test_where_that_is_wanted_it_goes_and_the_report_says_why(self):
        self.configure(*DROP)
        self.glance.images[THIRD] = 'deactivated', 'public', 'project-a'
        assert self.planned(*FROM) == {
            IMAGE: ('keep', 'not-needed', None),
            OTHER: ('evict', 'expired', 'deleted'),
            THIRD: ('keep', 'in-use', 'deactivated'),
        }
        page = self.out('sweep', *self.used, *FROM)
        assert 'deleted in Glance, unused' in page
        assert 'Deleted or deactivated in Glance: 2 images' in page
        assert self.cached() == {IMAGE, THIRD}

    def test_rows_have_a_column_more_only_where_it_is_asked_for(self):
        for words in (
            ('plan',),
            ('sweep', '--dry-run'),
            ('list',),
            ('show', OTHER),
        ):
            plain = self.columns(*words)
            assert 'retired' not in plain
            assert self.columns(*words, *FROM) == [*plain, 'retired']

    def test_a_used_one_stays(self):
        self.configure(*DROP)
        used = self.in_use(f'{OTHER} vm-1\n')
        self.out('sweep', *used, *FROM)
        assert self.cached() == {IMAGE, OTHER, THIRD}

    def test_nothing_goes_where_glance_does_not_answer(self):
        self.configure(*DROP)
        self.server.lie = lambda number, path, answer: (503, {}, b'')
        done = self.run_on('sweep', *self.used, *FROM)
        self.refused(done, 0, 'Nothing counts as deleted', '503')
        assert self.cached() == {IMAGE, OTHER, THIRD}

    def test_nothing_goes_for_who_may_not_see_all(self):
        self.configure(*DROP)
        self.glance.admin = False
        done = self.run_on('sweep', *self.used, *FROM)
        self.refused(done, 0, '1 of 3 images', 'administrator')
        assert self.cached() == {IMAGE, OTHER, THIRD}

    def test_an_option_that_does_nothing_is_told(self):
        self.configure(*DROP)
        done = self.run_on('plan', *self.used)
        self.refused(done, 0, 'drop_deleted', '--retired-from glance')

    def test_what_is_wrong_is_said_before_anybody_is_asked(self):
        done = self.run_on('plan', '--retired-from', 'nova')
        self.refused(done, 2, "'nova'", 'there is glance')
        super().configure()
        done = self.run_on('plan', *FROM)
        self.refused(done, 2, 'set [imagecache_glance] auth_type')

    def test_the_numbers_are_written(self):
        self.configure('policy = lru')
        file = self.root / 'imagecache.prom'
        self.out('sweep', '--textfile', str(file), *self.used, *FROM)
        assert 'imagecache_images_retired 1.0\n' in file.read_text()
        self.out('metrics', '--textfile', str(file), *self.used, *FROM)
        assert 'imagecache_images_retired 1.0\n' in file.read_text()
