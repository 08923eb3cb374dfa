"""A simulated vCenter as a program of its own, beside who is measured."""

import argparse
from collections.abc import Iterator
import contextlib
import sys
from typing import Any

from benchmarks.programs import Program
from benchmarks.programs import running
from benchmarks.programs import serve_orders
from vcenter_simulator import Scenario
from vcenter_simulator import Simulator


class Orders:
    """The orders, by their names."""

    def __init__(self, vcenter: Simulator) -> None:
        self._vcenter = vcenter

    def tell_login(self) -> dict[str, Any]:
        return {
            'url': self._vcenter.url,
            'port': self._vcenter.port,
            'username': self._vcenter.username,
            'password': self._vcenter.password,
            'ca_file': self._vcenter.ca_file,
        }

    def list_images(self) -> list[str]:
        """Name the images on all datastores."""
        base = self._vcenter.estate.base
        return [
            name
            for store in self._vcenter.estate.stores
            for name in store.find_node((base,)).entries
        ]

    def spawn(self, images: list[str], machines: int) -> None:
        """Run so many linked clones of images, in turn."""
        for number in range(machines):
            self._vcenter.actors.spawn(images[number % len(images)])

    def slow_down(self, latency: float = 0.0, work: float = 0.0) -> None:
        """Have each call, and each task, take so many seconds."""
        self._vcenter.timing.latency = latency
        self._vcenter.timing.work['*'] = work

    def reset(self) -> None:
        self._vcenter.counters.reset()

    def count(self) -> dict[str, tuple[int, int]]:
        """Give calls and bytes of answers, by method."""
        counts = self._vcenter.counters.by_method
        return {name: (one.calls, one.sent) for name, one in counts.items()}


@contextlib.contextmanager
def vcenter(
    images: int, machines: int = 0, datastores: int = 1
) -> Iterator[Program]:
    """Run one with so many images, and clones of them in turn."""
    how = f'--images {images} --machines {machines} --datastores {datastores}'
    command = [sys.executable, '-m', 'benchmarks.vcenter', *how.split()]
    with running(command) as program:
        yield program


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    for name in 'images', 'machines', 'datastores':
        parser.add_argument(f'--{name}', type=int, required=True)
    scenario = Scenario(seed=1, **vars(parser.parse_args()))
    # Nova sends no call without TLS.
    with Simulator(scenario, tls=True) as made:
        serve_orders(Orders(made))


if __name__ == '__main__':
    main()
