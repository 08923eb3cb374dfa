"""Options of the handler ``directory``."""

import copy
from typing import Any

from oslo_config import cfg
from oslo_config import types

from imagecache_handlers.config import values
from imagecache_handlers.directory.access import MODES

GROUP = 'imagecache_directory'

_FOLDERS = types.List()

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
    cfg.MultiOpt(
        'instance_paths',
        item_type=_FOLDERS,
        default=[],
        metavar='FOLDERS',
        help='The folders with the folders, or the disks, of all instances '
        'that may use the images, separated by commas; with Nova its '
        'instances_path. Given more than once, all of them count. Whatever '
        'has an image for backing there is seen to use it. Not set: such use '
        'is not seen, and has to be told.',
    ),
    cfg.MultiOpt(
        'ignore',
        item_type=_FOLDERS,
        default=[],
        metavar='PATTERNS',
        help='Disks and folders to ignore in these folders, separated by '
        'commas: whole paths, or names that they have wherever they lie, '
        'with the wildcards of a shell. A folder is not looked into: nobody '
        'sees which images are used there; of a disk, or a definition of '
        'libvirt, what cannot be told is ignored, and what it names still '
        'counts. Given more than once, all of them count.',
    ),
    cfg.MultiOpt(
        'libvirt_definitions',
        item_type=_FOLDERS,
        default=[],
        metavar='FOLDERS',
        help='Folders with definitions of machines by libvirt, separated by '
        'commas, as /etc/libvirt/qemu: the disks that are named there are '
        'in use, and as raw as it is said there. Given more than once, all '
        'of them count.',
    ),
    cfg.StrOpt(
        'file_mode',
        default=MODES[0],
        choices=MODES,
        help='The mode of an image that is added. QEMU has to be able to '
        'read it: as everybody, or as a member of its group.',
    ),
    cfg.StrOpt(
        'file_group',
        metavar='GROUP',
        help='The group of an image that is added, by name or number, such '
        'as libvirt-qemu or kvm. Not set: the group of its folder. The owner '
        'is always that of the folder.',
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


def read_values(conf: cfg.ConfigOpts) -> dict[str, Any]:
    """Read all of the options, by their names.

    :raises ConfigurationError: when one is set to nothing that fits.
    """
    return {name: value(conf, name) for name in _BY_NAME}


def value(conf: cfg.ConfigOpts, name: str) -> Any:
    """Read one of the options.

    :raises ConfigurationError: when it is set to nothing that fits.
    """
    return values.read(conf, GROUP, _BY_NAME[name])
