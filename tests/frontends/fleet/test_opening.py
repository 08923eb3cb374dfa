"""Opening a board: URLs that mean one, and all that do not."""

import sys

from oslo_config import cfg
import pytest

from imagecache_handlers.exceptions import ConfigurationError
from imagecache_handlers.frontends.fleet.opening import open_board
from imagecache_handlers.frontends.fleet.opening import read_fleet
from imagecache_handlers.frontends.fleet import opts


def read(**given):
    conf = cfg.ConfigOpts()
    conf([], default_config_files=[])
    opts.register_opts(conf)
    for name, value in given.items():
        conf.set_override(name, value, group=opts.GROUP)
    return read_fleet(conf)


def test_without_a_url_there_is_no_fleet():
    assert read() is None
    assert read(backend_url='') is None


def test_the_host_name_is_that_of_the_host(monkeypatch):
    monkeypatch.setattr('socket.gethostname', lambda: 'compute-1')
    one = read(backend_url='redis://h')
    assert (one.host, one.group, one.shared_store) == (
        'compute-1',
        'default',
        None,
    )
    assert read(backend_url='redis://h', host='c2').host == 'c2'


@pytest.mark.parametrize('name', ['host', 'group', 'shared_store'])
@pytest.mark.parametrize('value', ['..', 'a/b', 'a*', 'x' * 254])
def test_a_strange_name_is_refused(name, value):
    with pytest.raises(ConfigurationError, match=r'\[imagecache_fleet\]'):
        read(backend_url='redis://h', **{name: value})


BAD = {
    'http://h': 'must begin with',
    'h:6379': 'must begin with',
    'redis://': 'names no host',
    'redis://:geheim@/0': 'names no host',
    'redis://:geheim@h:port/0': 'host or port cannot be read',
    'redis://:geheim@h:99999/0': 'host or port cannot be read',
    'redis://:geheim@[h/0': 'host or port cannot be read',
    'redis://:geheim@h/name': 'at most a number',
    'redis://geheim:12#34@h:6379/0': 'may have no #',
    'rediss://:geheim@h?ssl_ca_certs=/geheim': 'ssl_ca_certs cannot be read',
    'etcd3+https://h?ca_cert=/geheim': 'ca_cert cannot be read',
    'redis://:geheim@h/0?db=geheim': 'may have ssl_ca_certs',
    'redis://:geheim@h?ssl_ca_certs=geheim': 'with rediss:// only',
    'etcd3+http://:geheim@h': 'no password',
    'etcd3+http://root@h': 'no password',
    'etcd3+http://h/geheim': 'at most a number',
    'etcd3+https://h?cert_cert=/dev/null': 'are of use together',
    'etcd3+https://h?cert_key=/dev/null': 'are of use together',
    'etcd3+https://h?cert=geheim': 'may have ca_cert, cert_cert, cert_key',
}


@pytest.mark.parametrize(('url', 'why'), BAD.items())
def test_a_url_that_means_nothing_is_refused_and_not_shown(url, why):
    settings = read(backend_url=url)
    with pytest.raises(ConfigurationError) as caught:
        open_board(settings)
    said = str(caught.value)
    assert why in said
    assert 'geheim' not in said
    assert 'geheim' not in repr(settings)


@pytest.mark.parametrize(
    ('url', 'library', 'module'),
    [
        ('redis://h', 'redis', 'redis_board'),
        ('etcd3+http://h', 'etcd3gw', 'etcd_board'),
    ],
)
def test_a_library_that_is_not_there_is_named(
    monkeypatch, url, library, module
):
    name = f'imagecache_handlers.frontends.fleet.{module}'
    monkeypatch.delitem(sys.modules, name, raising=False)
    monkeypatch.setitem(sys.modules, library, None)
    with pytest.raises(ConfigurationError) as caught:
        open_board(read(backend_url=url))
    assert f'takes {library}: pip install' in str(caught.value)
    assert 'imagecache-handlers[fleet]' in str(caught.value)
