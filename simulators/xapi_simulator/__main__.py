"""The command: ``python -m xapi_simulator``."""

import argparse
from collections.abc import Sequence
import signal
import sys
import threading

from xapi_simulator.pool import Simulator
from xapi_simulator.scenario import Scenario
from xapi_simulator.timing import Timing

_LOGIN = """\
{urls}
user {user}, password {password}

    import XenAPI
    session = XenAPI.Session('{url}', ignore_ssl=True)
    session.login_with_password('{user}', '{password}', '1.0', 'me')

    [imagecache]
    handler = xenapi
    [imagecache_xenapi]
    url = {url}
{trust}    password = {password}
    srs = {srs}
"""


# For what has no certificate to be trusted by.
_UNTRUSTED = '    insecure = true\n'


def main(args: Sequence[str] | None = None) -> int:
    """Run a pool until it is told to end."""
    given = _parser().parse_args(args)
    simulator = Simulator(
        Scenario(
            images=given.images,
            clones=given.clones,
            other=given.other,
            hosts=given.hosts,
            srs=given.srs,
            seed=given.seed,
        ),
        timing=Timing(latency=given.latency, work={'*': given.work}),
        port=given.port,
        certificate=given.cert,
        key=given.key,
    )
    ended = threading.Event()
    for number in signal.SIGINT, signal.SIGTERM:
        signal.signal(number, lambda *_: ended.set())
    with simulator:
        print(_text(simulator), flush=True)
        ended.wait()
    return 0


def _text(simulator: Simulator) -> str:
    urls = [
        f'host {number}: {simulator.url_of(number)}'
        for number in range(len(simulator.addresses))
    ]
    srs = simulator.do('SR.get_all')
    return _LOGIN.format(
        urls='\n'.join(urls),
        url=simulator.url,
        trust=_UNTRUSTED if simulator.url.startswith('http:') else '',
        user=simulator.username,
        password=simulator.password,
        srs=', '.join(simulator.do('SR.get_name_label', sr) for sr in srs),
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=f'python -m {__package__}',
        description='A XAPI pool on loopback sockets, to test against.',
    )
    add = parser.add_argument
    add('--port', type=int, default=0, help='0: any that is free')
    add('--cert', help='PEM file: speak TLS')
    add('--key', help='PEM file, if it is not in the other')
    add('--images', type=int, default=0, help='cached images')
    add('--clones', type=int, default=0, help='running clones of each image')
    add('--other', type=int, default=0, help='other disks')
    add('--hosts', type=int, default=1)
    add('--srs', type=int, default=1, help='the first is shared')
    add('--seed', type=int, help='the same uuids and references again')
    add('--latency', type=float, default=0.0, help='seconds, of every call')
    add('--work', type=float, default=0.0, help='seconds, of storage work')
    return parser


if __name__ == '__main__':
    sys.exit(main())
