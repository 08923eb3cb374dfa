"""Start of nova-compute: what our driver adds to what Nova has loaded.

A process of its own, for nothing of ours may be loaded before; its last line
is the seconds.
"""

import importlib
import sys
import time


def load_nova() -> None:
    """Load what nova-compute has loaded by then."""
    from nova import monkey_patch

    monkey_patch.patch('threading')
    import nova.conf

    nova.conf.CONF([], project='nova', default_config_files=[])
    importlib.import_module('nova.virt.libvirt.driver')


def measure_start() -> float:
    """Give the seconds that our launcher and driver take to be loaded."""
    if early := [one for one in sys.modules if one.startswith('imagecache_')]:
        raise RuntimeError(f'it is loaded already: {early[:3]}')
    started = time.perf_counter()
    launching = importlib.import_module(
        'imagecache_handlers.frontends.nova.launching'
    )
    launching.add_drivers()
    importlib.import_module('nova.virt.imagecache_libvirt')
    return time.perf_counter() - started


if __name__ == '__main__':
    load_nova()
    print(measure_start())
