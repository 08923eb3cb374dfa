"""Which of the options tell who uses what, and what is wrong with them."""

import argparse
import sys

import pytest

from imagecache_handlers.exceptions import ConfigurationError
from imagecache_handlers.frontends.cli import in_use_options


def choose(tmp_path, *words, conf=''):
    file = tmp_path / 'cache.conf'
    file.write_text(conf)
    parser = argparse.ArgumentParser()
    in_use_options.add_evidence_to(parser)
    common = argparse.Namespace(
        config=[f'--config-file={file}'], handler='memory'
    )
    return in_use_options.asking(parser.parse_args(words), common)


@pytest.mark.parametrize(
    ('words', 'said'),
    [
        (['--in-use-from', 'novae'], "'novae'"),
        (['--in-use-from', 'nova', '--in-use', 'a'], 'name one'),
        (['--in-use-complete'], '--in-use-from'),
        (['--in-use-from', 'nova'], r'set \[imagecache_nova\] auth_type'),
    ],
)
def test_what_is_wrong_is_said_before_anybody_is_asked(tmp_path, words, said):
    with pytest.raises(ConfigurationError, match=said):
        choose(tmp_path, *words)


def test_nobody_is_asked_where_nobody_is_named(tmp_path):
    said = choose(tmp_path)()
    assert not said.users
    assert not said.complete


def test_what_is_no_uri_is_wrong_usage(tmp_path):
    with pytest.raises(ConfigurationError, match='IPv6'):
        choose(tmp_path, '--in-use-from', 'libvirt:qemu+ssh://[kvm/system')


def test_a_libvirt_that_is_not_installed_is_named(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, 'libvirt', None)
    with pytest.raises(ConfigurationError, match=r'handlers\[libvirt\]'):
        choose(tmp_path, '--in-use-from', 'libvirt')
