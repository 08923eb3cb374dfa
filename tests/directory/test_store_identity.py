"""The identity of a folder that hosts share."""

import os
import shutil

import pytest

from imagecache_handlers.directory import DirectoryHandler
from imagecache_handlers.directory.store_identity import give_identity
from imagecache_handlers.directory.store_identity import IDENTITY
from imagecache_handlers.directory.store_identity import read_identity
from imagecache_handlers.directory.system import mounts


@pytest.fixture
def fd(tmp_path):
    opened = os.open(tmp_path, os.O_RDONLY)
    yield opened
    os.close(opened)


@pytest.fixture
def _shared(monkeypatch):
    monkeypatch.setattr(mounts, 'is_local', lambda fd: False)


@pytest.mark.usefixtures('_shared')
def test_it_is_given_once_and_told_by_each_host(tmp_path):
    one, other = (DirectoryHandler([str(tmp_path)]) for _ in range(2))
    assert next(iter(one.stores())).identity is None
    for handler in (one, other, one):
        handler.record_host(str(tmp_path))
    found = {next(iter(each.stores())).identity for each in (one, other)}
    [identity] = found
    assert len(identity) == 32
    assert list(other.enumerate(str(tmp_path))) == []
    assert list(other.debris(str(tmp_path))) == []
    left = {name for name in os.listdir(tmp_path) if IDENTITY in name}
    assert left == {IDENTITY}


def test_a_folder_of_one_host_has_none(tmp_path, fd, monkeypatch):
    monkeypatch.setattr(mounts, 'is_local', lambda fd: True)
    give_identity(fd)
    assert os.listdir(tmp_path) == []
    assert read_identity(fd) is None


@pytest.mark.usefixtures('_shared')
def test_of_two_that_come_at_once_one_is_first(tmp_path, fd, monkeypatch):
    link = os.link

    def come_first(*args, **kwargs):
        monkeypatch.setattr(os, 'link', link)
        (tmp_path / IDENTITY).write_text('0' * 32)
        link(*args, **kwargs)

    monkeypatch.setattr(os, 'link', come_first)
    give_identity(fd)
    assert read_identity(fd) == '0' * 32
    assert os.listdir(tmp_path) == [IDENTITY]


@pytest.mark.usefixtures('_shared')
def test_a_folder_that_takes_none_goes_on_without(tmp_path, fd, monkeypatch):
    def refuse(*args, **kwargs):
        raise PermissionError

    monkeypatch.setattr(os, 'link', refuse)
    give_identity(fd)
    assert read_identity(fd) is None
    assert os.listdir(tmp_path) == []


@pytest.mark.usefixtures('_shared')
def test_a_copy_of_a_folder_is_not_the_same_store(tmp_path):
    folders = [tmp_path / one for one in ('share', 'copy')]
    folders[0].mkdir()
    share, copy = (DirectoryHandler([str(one)]) for one in folders)
    share.record_host(str(folders[0]))
    shutil.copytree(*folders)

    def identify(handler):
        return next(iter(handler.stores())).identity

    assert identify(share) is not None
    assert identify(copy) is None
    # Nor is what an administrator removed the same when it comes again.
    (folders[1] / IDENTITY).unlink()
    copy.record_host(str(folders[1]))
    assert identify(copy) not in (None, identify(share))


def test_what_an_administrator_wrote_counts(tmp_path, fd):
    (tmp_path / IDENTITY).write_text('0' * 32 + '\n')
    assert read_identity(fd) == '0' * 32


@pytest.mark.parametrize('said', ['', '0' * 31, '0' * 33, '../x', 'Z' * 32])
def test_what_is_no_identity_is_none(tmp_path, fd, said):
    (tmp_path / IDENTITY).write_text(said)
    assert read_identity(fd) is None


def test_a_link_is_none(tmp_path, fd):
    (tmp_path / 'x').write_text('0' * 32)
    (tmp_path / IDENTITY).symlink_to('x')
    assert read_identity(fd) is None
