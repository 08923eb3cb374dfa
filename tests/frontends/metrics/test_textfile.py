"""Metrics in a file: whole at any time, and gone on from."""

import errno
import os
import stat

import pytest

from imagecache_handlers.exceptions import ConfigurationError
from imagecache_handlers.frontends.metrics import families
from imagecache_handlers.frontends.metrics.record import Record
from imagecache_handlers.frontends.metrics.results import Result
from imagecache_handlers.frontends.metrics.textfile import read_samples
from imagecache_handlers.frontends.metrics.textfile import Textfile
from imagecache_handlers.frontends.metrics.textfile import TextfileError
from imagecache_handlers.frontends.metrics.textfile import write_or_warn
from imagecache_handlers.model import Evidence
from tests.planning.values import image
from tests.planning.values import NOW
from tests.planning.values import planned
from tests.planning.values import shelf


@pytest.fixture
def path(tmp_path):
    return tmp_path / 'imagecache.prom'


def write(path, record):
    Textfile(str(path), record).write()


def restored(path):
    record = Record(lambda: NOW)
    Textfile(str(path), record).restore()
    return record.samples()


def swept():
    record = Record(lambda: NOW)
    one = image('a', 'hits.3', users=frozenset({'vm'}))
    record.note_plan(planned(one, stores=[shelf(100, 50, name='"\\x')]))
    record.note_evidence(Evidence(complete=True, as_of=NOW))
    record.note_sweep(Result.WHOLE, 2)
    return record


def test_what_was_counted_and_the_last_success_survive(path):
    before = swept()
    write(path, before)
    samples, wanted = restored(path), before.samples()
    for name in (
        families.SWEEPS,
        families.SWEEP_LAST_SUCCESS,
        families.COUNTERS_STARTED,
        families.SWEEP_LAST_END,
        families.PLAN_TIME,
        families.EVIDENCE_TIME,
        families.IMAGES_HITS,
        families.EVICTIONS,
        f'{families.SWEEP_DURATION}_sum',
        f'{families.SWEEP_DURATION}_count',
    ):
        assert samples[name] == wanted[name], name
    buckets = samples[f'{families.SWEEP_DURATION}_bucket']
    assert buckets[('10.0',)] == 1
    # What is now is to be looked at anew.
    assert families.STORE_SIZE not in samples


def test_it_is_counted_on_from_there(path):
    write(path, swept())
    record = Record(lambda: NOW)
    Textfile(str(path), record).restore()
    record.note_sweep(Result.WHOLE, 2)
    assert record.samples()[families.SWEEPS][('whole',)] == 2


def test_without_a_file_it_counts_from_0(path, caplog):
    assert restored(path)[families.SWEEPS][('whole',)] == 0
    assert not caplog.records


@pytest.mark.parametrize(
    'said',
    [b'\xff\xfe', b'imagecache_images{store=', b'x one\n', b'a{b="c} 1'],
)
def test_what_is_no_such_file_is_told_and_begun_anew(said, path, caplog):
    path.write_bytes(said)
    assert restored(path)[families.SWEEPS][('whole',)] == 0
    [record] = caplog.records
    assert 'Counting from 0' in record.getMessage()


def test_what_others_wrote_into_it_is_ignored(path):
    path.write_text(
        'node_load1 3\n'
        'imagecache_sweeps_total{result="whole",host="x"} 5\n'
        'imagecache_sweeps_total{result="short"} -5\n'
        'imagecache_sweeps_total{result="blind"} NaN\n'
        'imagecache_freed_bytes_total +Inf\n'
        'imagecache_store_size_bytes{store="x"} 5\n'
    )
    samples = restored(path)
    assert not any(samples[families.SWEEPS].values())
    assert samples[families.FREED] == {(): 0}
    assert families.STORE_SIZE not in samples


def test_a_fifo_in_its_place_is_not_waited_for(path):
    os.mkfifo(path)
    assert restored(path)[families.SWEEPS][('whole',)] == 0


def test_others_may_read_it_and_nothing_is_left_beside(path):
    write(path, swept())
    write(path, swept())
    assert stat.S_IMODE(path.stat().st_mode) == 0o644
    assert os.listdir(path.parent) == [path.name]


def test_a_link_in_its_place_is_replaced_not_followed(path, tmp_path):
    target = tmp_path / 'target'
    target.write_text('precious')
    path.symlink_to(target)
    write(path, swept())
    assert target.read_text() == 'precious'
    assert not path.is_symlink()


def test_a_folder_that_is_a_link_is_followed(tmp_path):
    (tmp_path / 'real').mkdir()
    (tmp_path / 'link').symlink_to(tmp_path / 'real')
    write(tmp_path / 'link' / 'a.prom', swept())
    assert os.listdir(tmp_path / 'real') == ['a.prom']


@pytest.mark.parametrize(
    ('call', 'number', 'said'),
    [
        ('os.fsync', errno.ENOSPC, 'No space left'),
        ('os.fsync', errno.EDQUOT, 'quota exceeded'),
        ('tempfile.mkstemp', errno.EROFS, 'Read-only file system'),
        ('tempfile.mkstemp', errno.EACCES, 'Permission denied'),
        ('os.replace', errno.EPERM, 'not permitted'),
    ],
)
def test_a_folder_that_takes_no_more_leaves_the_old_one(
    call, number, said, path, monkeypatch
):
    write(path, swept())
    before = path.read_bytes()

    def fail(*words, **named):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(call, fail)
    with pytest.raises(TextfileError, match=f'{path}: .*{said}'):
        write(path, Record())
    assert path.read_bytes() == before
    assert os.listdir(path.parent) == [path.name]


def test_where_nothing_can_be_written_that_is_told(tmp_path, caplog):
    textfile = Textfile(str(tmp_path / 'nowhere' / 'a.prom'), Record())
    with pytest.raises(TextfileError, match='No such file'):
        textfile.check_writable()
    write_or_warn(textfile.write)
    [record] = caplog.records
    assert 'the metrics cannot be written to' in record.getMessage()


def test_a_check_writes_nothing(path):
    Textfile(str(path), Record()).check_writable()
    assert os.listdir(path.parent) == []


def test_a_folder_in_its_place_is_told_before_anything_is_done(path):
    path.mkdir()
    with pytest.raises(TextfileError, match=f'{path}: it is a folder'):
        Textfile(str(path), Record()).check_writable()


def test_what_only_prefetches_takes_no_file_of_sweeps(path):
    write(path, swept())
    before = path.read_bytes()
    textfile = Textfile(str(path), Record(), families.OF_PREFETCHES)
    with pytest.raises(ConfigurationError, match='name another file'):
        textfile.restore()
    assert path.read_bytes() == before


def test_what_prefetches_goes_on_from_its_own_file(path):
    record = Record()
    record.begin_prefetches()
    for _ in range(2):
        textfile = Textfile(str(path), record, families.OF_PREFETCHES)
        textfile.restore()
        textfile.write()


def test_a_name_that_nobody_reads_is_refused(tmp_path):
    with pytest.raises(ConfigurationError, match='end with .prom'):
        Textfile(str(tmp_path / 'metrics.txt'), Record())


def test_a_file_beyond_measure_is_not_read(path, monkeypatch):
    path.write_text('# x\n' * 100)
    monkeypatch.setattr(
        'imagecache_handlers.frontends.metrics.textfile._LARGEST', 99
    )
    with pytest.raises(ValueError, match='too large'):
        read_samples(path)
