"""The options of the handler ``directory``."""

import copy
from typing import Any

from oslo_config import cfg

from imagecache_handlers import config_values

GROUP = 'imagecache_directory'

OPTS: list[cfg.Opt] = [
    cfg.MultiStrOpt(
        'path',
        default=[],
        metavar='FOLDER',
        help='A folder with cached images, from /. Each is a store of its '
        'own; name the option once for each. Folders on one file system '
        'share its free space.',
    ),
    cfg.StrOpt(
        'layout',
        default='plain',
        choices=[
            ('plain', 'files that this library has labelled, and no others'),
            ('nova', "the folder _base of Nova's libvirt driver"),
        ],
        help='How the images lie in these folders.',
    ),
    cfg.ListOpt(
        'instance_paths',
        default=[],
        metavar='FOLDERS',
        help='The folders with the folders, or the disks, of all instances '
        'that may use the images, separated by commas; with Nova its '
        'instances_path. Whatever has an image for backing there is seen to '
        'use it. Not set: such use is not seen, and has to be told.',
    ),
    cfg.StrOpt(
        'instances_shared_as',
        default='',
        metavar='NAME',
        help='A name of your own for instance_paths that lie on a cluster '
        'file system, the same on each host that has it mounted in the same '
        'places: by it they know that they see the same instances. Shares '
        'of NFS, CIFS, Ceph, Gluster and Lustre are known by their server '
        'without it, unless hosts call that by different names.',
    ),
]
_BY_NAME = {opt.dest: opt for opt in OPTS}


def register_opts(conf: cfg.ConfigOpts) -> None:
    """Register the options in ``conf`` and nowhere else."""
    conf.register_opts(OPTS, group=GROUP)


def list_opts() -> list[tuple[str, list[cfg.Opt]]]:
    """Give copies of the options, for oslo-config-generator."""
    return [(GROUP, copy.deepcopy(OPTS))]


def value(conf: cfg.ConfigOpts, name: str) -> Any:
    """Read one of the options.

    :raises ConfigurationError: when it is set to nothing that fits.
    """
    return config_values.read(conf, GROUP, _BY_NAME[name])
