"""Options of the handler ``vmware``."""

import copy
import datetime
from typing import Any

from oslo_config import cfg

from imagecache_handlers.config import values as config_values
from imagecache_handlers.exceptions import ConfigurationError

GROUP = 'imagecache_vmware'

OPTS: list[cfg.Opt] = [
    cfg.StrOpt(
        'url',
        metavar='URL',
        help='The vCenter, such as https://vcenter.example.org. Not set: '
        "host_ip and host_port of Nova's [vmware].",
    ),
    cfg.StrOpt(
        'username',
        help="Who logs in. Not set: host_username of Nova's [vmware], with "
        'its host_password.',
    ),
    cfg.StrOpt('password', secret=True, help='Their password.'),
    cfg.StrOpt(
        'ca_file',
        metavar='FILE',
        help='The certificates, in PEM, that the vCenter is verified by. If '
        "neither this nor insecure is set, both are as in Nova's [vmware]; "
        'not set there either: those of the system.',
    ),
    cfg.BoolOpt(
        'insecure',
        help='Take any certificate, and http:// without one: anybody in '
        'between can read the password and answer as the vCenter.',
    ),
    cfg.IntOpt(
        'timeout_seconds',
        default=60,
        min=1,
        max=86400,
        help='How long a connection may take, its handshake included, and '
        'each answer, from the call to its last byte.',
    ),
    cfg.StrOpt(
        'base_folder',
        metavar='FOLDER',
        help='The folder on each datastore in which images are cached. Not '
        'set: as Nova has it, that is cache_prefix of its [vmware] followed '
        'by subdirectory_name of its [image_cache]; without a prefix my_ip '
        'comes before that, unless remove_unused_base_images is off.',
    ),
    cfg.StrOpt(
        'datastore_regex',
        metavar='REGEX',
        help='Only datastores whose name begins with what this matches. Not '
        "set: as Nova's [vmware] has it, else all.",
    ),
    cfg.MultiStrOpt(
        'ignore_vms',
        default=[],
        metavar='NAME',
        help='A machine that vCenter lists and cannot tell the files of, and '
        'that is known to use no image; one on each of several such lines. '
        'While there is one that is not named here, images of its datastore '
        'are kept.',
    ),
    cfg.StrOpt(
        'import_pool',
        metavar='PATH',
        help='The resource pool for machines that streamOptimized images '
        'come in with, such as datacenter/host/cluster/Resources. None is '
        'ever started. Not set: such images are refused.',
    ),
    cfg.StrOpt(
        'import_folder',
        metavar='PATH',
        help='The folder for these machines, such as datacenter/vm.',
    ),
    cfg.BoolOpt(
        'lift_deletable',
        default=False,
        help='Delete what vSphere keeps because a clone of it was there once '
        '(ddb.deletable), where neither a machine nor a disk on the '
        'datastore names it any more. Only on exclusive_datastores.',
    ),
    cfg.MultiStrOpt(
        'exclusive_datastores',
        default=[],
        metavar='STORE',
        help='A store that no other vCenter, and no host by itself, has '
        'mounted; one on each of several such lines. Only you can know.',
    ),
]
_BY_NAME = {opt.dest: opt for opt in OPTS}


def register_opts(conf: cfg.ConfigOpts) -> None:
    """Register the options in ``conf`` and nowhere else."""
    conf.register_opts(OPTS, group=GROUP)


def list_opts() -> list[tuple[str, list[cfg.Opt]]]:
    """Give copies of the options, for oslo-config-generator."""
    return [(GROUP, copy.deepcopy(OPTS))]


def read_option(conf: cfg.ConfigOpts, name: str) -> Any:
    """Read one of the options.

    :raises ConfigurationError: when it is set to nothing that fits.
    """
    opt = _BY_NAME[name]
    read = config_values.read_secret if opt.secret else config_values.read
    return read(conf, GROUP, opt)


def read_clock_skew(
    conf: cfg.ConfigOpts, default: datetime.timedelta
) -> datetime.timedelta:
    """Read how far clocks may be apart: an option of the library itself.

    :raises ConfigurationError: when it is set to nothing that fits.
    """
    try:
        seconds = conf['imagecache']['clock_skew_seconds']
    except (cfg.NoSuchGroupError, cfg.NoSuchOptError):
        # Whoever makes a handler without the library's options has them so.
        return default
    except (cfg.Error, ValueError) as error:
        raise ConfigurationError(
            f'[imagecache] clock_skew_seconds cannot be read: {error}'
        ) from error
    return datetime.timedelta(seconds=seconds)
