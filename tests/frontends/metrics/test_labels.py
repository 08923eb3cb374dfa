"""Whatever a store is called, its file is read as it was written."""

from hypothesis import example
from hypothesis import given
from hypothesis import HealthCheck
from hypothesis import settings
from hypothesis import strategies

from imagecache_handlers.frontends.metrics import families
from imagecache_handlers.frontends.metrics.record import Record
from imagecache_handlers.frontends.metrics.samples import label_value
from imagecache_handlers.frontends.metrics.textfile import read_samples
from imagecache_handlers.frontends.metrics.textfile import Textfile

# Names of files may have all but / and \0; those of SRs that as well.
NAMES = strategies.text(
    strategies.one_of(
        strategies.characters(),
        strategies.sampled_from('\r\n\t\v\x1c\x85\u2028"\\{},=# '),
    ),
    max_size=9,
)
TMP = HealthCheck.function_scoped_fixture


@given(NAMES)
@example('a\rb')
@settings(max_examples=25, suppress_health_check=[TMP])
def test_its_name_is_read_again(tmp_path, name):
    record = Record()
    record.note_stores([name])
    path = tmp_path / 'imagecache.prom'
    Textfile(str(path), record).write()
    found = read_samples(path)
    assert {(label_value(name),)} == found[families.HITS].keys()
