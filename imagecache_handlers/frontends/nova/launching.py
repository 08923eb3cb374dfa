"""Launching: ``nova-compute-imagecache``, which is nova-compute with drivers.

Nova imports drivers from its own package alone, so that is told of one more
folder.  Nothing that loads eventlet, or futurist, may come before Nova: it
ends where it finds them loaded.
"""

import os
import sys


def main() -> None:
    """Run nova-compute as it is, with the drivers of this package as well."""
    # Nova finds nova-compute.conf by the name of its program.
    folder = os.path.dirname(sys.argv[0])
    sys.argv[0] = os.path.join(folder, 'nova-compute')
    from nova.cmd import compute

    add_drivers()
    compute.main()


def add_drivers() -> None:
    """Have ``compute_driver`` find the drivers of this package, too."""
    import nova.virt

    folder = os.path.join(os.path.dirname(__file__), 'drivers')
    if folder not in nova.virt.__path__:
        nova.virt.__path__.append(folder)
