"""Sources that talk to a lying server, as operators configure them."""

from oslo_config import cfg
import pytest

from imagecache_handlers.exceptions import SourceError
from imagecache_handlers.sources.http_options import HttpOptions
from imagecache_handlers.sources.loading import load_source
from imagecache_handlers.sources import opts
from imagecache_handlers.sources.url import UrlSource
from tests.sources.lying_server import IMAGE

NAMED = frozenset({'127.0.0.1'})


def configure(**given):
    conf = cfg.ConfigOpts()
    conf([])
    opts.register_opts(conf)
    for key, value in given.items():
        conf.set_override(key, value, opts.GROUP)
    return conf


def open_glance(server, **given):
    """Give the source for a Glance that asks nobody who they are."""
    return load_source(
        configure(
            auth_type='none', endpoint=server.url, timeout_seconds=1, **given
        )
    )


def log_in(server, **given):
    """Give the source for a Glance that Keystone's tokens open."""
    credentials = {
        'auth_type': 'password',
        'auth_url': f'{server.url}/v3',
        'username': 'cache',
        'password': 'a-secret',
        'project_name': 'service',
        'user_domain_id': 'default',
        'project_domain_id': 'default',
        'insecure': True,
        'timeout_seconds': 1,
    }
    return load_source(configure(**credentials | given))


def open_url(server, checksum, **given):
    options = HttpOptions(timeout=1, named=NAMED, **given)
    return UrlSource(f'{server.url}/image.raw', checksum, options)


def read_all(source, offset=0, meta=None):
    """Give where the bytes begin, and all of them."""
    meta = meta or source.describe(IMAGE)
    with source.read_from(meta, offset) as stretch:
        return stretch.start, b''.join(stretch.chunks)


def refusal(action, *arguments):
    """Give the error that it ends with."""
    with pytest.raises(SourceError) as caught:
        action(*arguments)
    return caught.value
