"""The command: ``python -m vcenter_simulator``."""

import argparse
from collections.abc import Sequence
import signal
import sys
import threading

from vcenter_simulator.datastores.kinds import KINDS
from vcenter_simulator.scenario import Scenario
from vcenter_simulator.simulator import Simulator
from vcenter_simulator.timing import Timing

_TEXT = """\
{url}/sdk
user {user}, password {password}

    from pyVim.connect import SmartConnect
    SmartConnect(host='{host}', port={port}, user='{user}',
                 pwd='{password}', disableSslCertValidation=True)

    [imagecache]
    handler = vmware
    [imagecache_vmware]
    url = {url}
    username = {user}
    password = {password}
    ca_file = {ca_file}
    base_folder = {base}
"""


def main(args: Sequence[str] | None = None) -> int:
    """Run a vCenter until it is told to end."""
    parser = _make_parser()
    given = parser.parse_args(args)
    try:
        scenario = _read_scenario(given)
    except ValueError as error:
        parser.error(str(error))
    timing = Timing(latency=given.latency, work={'*': given.work})
    simulator = Simulator(scenario, timing=timing, port=given.port, tls=True)
    ended = threading.Event()
    for number in signal.SIGINT, signal.SIGTERM:
        signal.signal(number, lambda *_: ended.set())
    with simulator:
        print(_describe_vcenter(simulator), flush=True)
        ended.wait()
    return 0


def _read_scenario(given: argparse.Namespace) -> Scenario:
    return Scenario(
        images=given.images,
        machines=given.vms,
        hosts=given.hosts,
        datastores=given.datastores,
        kinds=tuple(given.kinds.split(',')),
        seed=given.seed,
    )


def _describe_vcenter(simulator: Simulator) -> str:
    return _TEXT.format(
        url=simulator.url,
        host=simulator.address,
        port=simulator.port,
        user=simulator.username,
        password=simulator.password,
        ca_file=simulator.ca_file,
        base=simulator.estate.base,
    )


def _make_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=f'python -m {__package__}',
        description='A vCenter on a loopback socket, to test against. It '
        'speaks TLS by a CA of its own, whose file lives as long as it does.',
    )
    add = parser.add_argument
    add('--port', type=int, default=0, help='0: any that is free')
    add('--images', type=int, default=0, help='cached images')
    add('--vms', type=int, default=0, help='running linked clones of them')
    add('--datastores', type=int, default=1)
    add(
        '--kinds',
        default='VMFS',
        help=f'of datastores, in turn: a,b of {", ".join(KINDS)}',
    )
    add('--hosts', type=int, default=1)
    add('--seed', type=int, help='the same image ids again')
    add('--latency', type=float, default=0.0, help='seconds, of every call')
    add('--work', type=float, default=0.0, help='seconds, of every task')
    return parser


if __name__ == '__main__':
    sys.exit(main())
