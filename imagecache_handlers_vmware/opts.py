"""Options of the handler ``vmware``."""

import copy
from typing import Any

from oslo_config import cfg

from imagecache_handlers.config import values as config_values
from imagecache_handlers.exceptions import ConfigurationError

GROUP = 'imagecache_vmware'

OPTS: list[cfg.Opt] = [
    cfg.StrOpt(
        'url',
        metavar='URL',
        help='The vCenter, such as https://vcenter.example.org.',
    ),
    cfg.StrOpt('username', help='Who logs in.'),
    cfg.StrOpt('password', default='', secret=True, help='Their password.'),
    cfg.StrOpt(
        'ca_file',
        metavar='FILE',
        help='The certificates, in PEM, that the vCenter is verified by. Not '
        'set: those of the system.',
    ),
    cfg.BoolOpt(
        'insecure',
        default=False,
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
        default='vmware_base',
        metavar='FOLDER',
        help='The folder on each datastore in which images are cached: '
        "cache_prefix of Nova's [vmware] followed by subdirectory_name of "
        'its [image_cache], or without a prefix the my_ip of the host.',
    ),
    cfg.StrOpt(
        'datastore_regex',
        metavar='REGEX',
        help='Only datastores whose name begins with what this matches, as '
        'in Nova. Not set: all.',
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
    if not opt.secret:
        return config_values.read(conf, GROUP, opt)
    try:
        return conf[GROUP][name]
    except (cfg.Error, ValueError):
        # What is wrong would be told with a part of it.
        raise ConfigurationError(
            f'[{GROUP}] {name} cannot be read: write $$ for each $ in it'
        ) from None
