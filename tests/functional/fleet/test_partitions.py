"""A host that is cut off from the board, and a server that starts anew."""

import time

import pytest

from tests.functional.fleet.hosts import Host
from tests.functional.fleet.hosts import rows_of
from tests.functional.fleet.servers import await_that
from tests.functional.fleet.tcp_proxy import TcpProxy

FAULTS = {
    'cut': lambda proxy: proxy.cut(),
    'black hole': lambda proxy: proxy.swallow('up', 'down'),
    'nothing arrives': lambda proxy: proxy.swallow('up'),
    'no answer arrives': lambda proxy: proxy.swallow('down'),
    'slower than may be': lambda proxy: setattr(proxy, 'delay', 3.0),
}


@pytest.fixture
def proxy(own):
    with TcpProxy(own.port) as one:
        yield one


@pytest.fixture
def host(own, proxy, tmp_path):
    """Give a host that reaches the board by the proxy only."""
    one = Host(tmp_path, own, 'h1')
    url = own.url.replace(str(own.port), str(proxy.port))
    one.configure(url, 'ours', imagecache={'manager_interval': 1})
    one.start()
    one.await_alive()
    yield one
    one.kill()


def await_sweeps(host):
    """Have it sweep from beginning to end."""
    said = 'a sweep has ended'
    before = host.log().count(said)
    await_that(lambda: host.log().count(said) > before + 1, host.log())


def await_told(host, image_id):
    """Give after how many seconds the fleet knows of an image."""
    began = time.monotonic()
    await_that(
        lambda: host.member().entry.digest.has_image(image_id), host.log()
    )
    return time.monotonic() - began


def test_what_changed_meanwhile_is_told_once_it_is_over(own, proxy, host):
    """Of each fault, and of a server that was killed and starts anew.

    That it takes five seconds at most is for the table of its waits to say.
    """
    taken = {}
    for name, begin in FAULTS.items():
        begin(proxy)
        image_id = name.replace(' ', '-')
        host.add(image_id)
        await_sweeps(host)
        assert not host.member().entry.digest.has_image(image_id)
        proxy.heal()
        taken[name] = await_told(host, image_id)
    own.kill()
    host.add('restart')
    await_sweeps(host)
    own.start()
    taken['restart'] = await_told(host, 'restart')
    assert rows_of(read_by(own, host), 'fleet', 'diff', '-', stdin='cut') == []
    assert host.process.poll() is None
    print({name: round(one, 1) for name, one in taken.items()})  # noqa: T201


def read_by(own, host):
    """Have it read on the way that was never cut."""
    host.configure(own.url, 'ours')
    return host
