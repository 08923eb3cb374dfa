"""Lease limit: what Nova would not heed is refused, or warned of."""

import datetime
import pathlib
import tempfile

import pytest

from imagecache_handlers.config.options import register_opts
from imagecache_handlers.exceptions import Unsupported
from imagecache_handlers import ImageCache
from imagecache_handlers import labels
from imagecache_handlers.prefetch_settings import PrefetchSettings
from imagecache_handlers import Rules
from imagecache_handlers.sources.file import FileSource
from imagecache_handlers_vmware.lease_limit import check_leases
from imagecache_handlers_vmware.lease_limit import explain_interval
from imagecache_handlers_vmware.lease_limit import NovaAge
from imagecache_handlers_vmware.nova_age import read_interval
from imagecache_handlers_vmware.nova_age import read_nova_age
from oslo_config import cfg
from tests.vmware.samples import LONG_AGO
from tests.vmware.samples import ONE
from tests.vmware.samples import TWO
from tests.vmware.vcenter import BASE
from tests.vmware.vcenter import OnVcenter
from tests.vmware.vcenter import STORE

NOW = datetime.datetime(2026, 11, 22, tzinfo=datetime.UTC)
HOUR = datetime.timedelta(hours=1)
LIMIT = NovaAge(age=HOUR, origin='nova.conf')


def check(span, limit=LIMIT, label=labels.lease_label):
    check_leases('debian', ['hits.1', label('vm', NOW + span)], limit, NOW)


def test_a_lease_up_to_the_age_is_granted():
    check(HOUR)
    check(HOUR + datetime.timedelta(microseconds=1))


def test_a_longer_one_is_refused_and_says_why():
    with pytest.raises(Unsupported, match=r'outlasts .* 1:00:00 \(nova.conf'):
        check(HOUR + datetime.timedelta(seconds=2))


def test_pins_may_last_for_they_are_shielded():
    check(9 * HOUR, label=labels.pin_label)


def test_where_nova_removes_nothing_a_lease_may_last():
    check(9 * HOUR, limit=None)


@pytest.mark.parametrize(
    ('interval', 'limit', 'warned'),
    [
        (HOUR, LIMIT, False),
        (2 * HOUR, LIMIT, True),
        (2 * HOUR, None, False),
        (None, LIMIT, False),
    ],
)
def test_sweeps_further_apart_than_the_age_are_warned_of(
    interval, limit, warned
):
    assert bool(explain_interval(interval, limit)) is warned


def configure(tmp_path, text):
    path = tmp_path / 'nova.conf'
    path.write_text(text)
    conf = cfg.ConfigOpts()
    register_opts(conf)
    conf(['--config-file', str(path)], default_config_files=[])
    return conf


AGE = 'remove_unused_original_minimum_age_seconds'


@pytest.mark.parametrize(
    ('text', 'seconds'),
    [
        ('', 86400),
        (f'[image_cache]\n{AGE} = 600', 600),
        (f'[DEFAULT]\n{AGE} = 600', 600),
        # Ours says nothing of Nova's.
        (f'[imagecache]\n{AGE} = 600', 86400),
        ('[image_cache]\nremove_unused_base_images = false', None),
        ('[image_cache]\nmanager_interval = -1', None),
    ],
)
def test_the_age_is_read_as_nova_reads_it(tmp_path, text, seconds):
    found = read_nova_age(configure(tmp_path, text))
    age = None if found is None else found.age.total_seconds()
    assert age == seconds


@pytest.mark.parametrize(
    ('text', 'seconds'),
    [
        ('', 2400),
        ('[imagecache]\nmanager_interval = 7', 7),
        ('[image_cache]\nmanager_interval = 9', 9),
        ('[imagecache]\nmanager_interval = 0', 60),
        ('[imagecache]\nmanager_interval = -1', None),
    ],
)
def test_the_interval_is_ours_or_the_one_of_nova(tmp_path, text, seconds):
    found = read_interval(configure(tmp_path, text))
    assert (found and found.total_seconds()) == seconds


def test_without_our_group_the_interval_is_novas():
    assert read_interval(cfg.ConfigOpts()).total_seconds() == 2400


class TestRoom(OnVcenter):
    def test_nothing_goes_for_a_lease_that_is_refused(self):
        self.actors.cache(ONE, cached_at=LONG_AGO.timestamp())
        self.actors.age(ONE, LONG_AGO.timestamp())
        store = self.actors.store(STORE)
        store.capacity = store.used + 2**21
        self.actors.datastore().refresh_seconds = 0
        handler = self.handler(nova_age=LIMIT)
        cache = ImageCache(handler, Rules(high_watermark=100))
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder, 'disk.raw')
            path.write_bytes(b'x' * 2**21)
            wanted = PrefetchSettings(staging_path=f'{folder}/staging')
            for ttl, did in (2 * HOUR, 'unsupported'), (HOUR, 'cached'):
                before = set(self.actors.tree(f'[{STORE}] {BASE}'))
                [result] = cache.prefetch(
                    [TWO], FileSource(str(path)), ttl, settings=wanted
                )
                assert result.did == did, result.why
                left = set(self.actors.tree(f'[{STORE}] {BASE}'))
                assert (left == before) is (did == 'unsupported')
                if did == 'unsupported':
                    assert 'outlasts the age' in result.why
                    assert not any((path.parent / 'staging').glob('*.part'))
