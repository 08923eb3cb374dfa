"""Options of the handler ``xenapi``."""

from collections.abc import Collection
import copy
from typing import Any

from oslo_config import cfg

from imagecache_handlers.config import values as config_values

GROUP = 'imagecache_xenapi'

OPTS: list[cfg.Opt] = [
    cfg.MultiStrOpt(
        'url',
        default=[],
        metavar='URL',
        help='A host of the pool, such as https://xen-1.example.org; name '
        'all that may lead, separated by commas or one on each of several '
        'such lines. Whichever answers tells which one does. For http:// set '
        'insecure, too: it sends the password in clear.',
    ),
    cfg.BoolOpt(
        'follow_any',
        default=False,
        help='Follow to a leader that is none of the hosts of url, and send '
        'it the password: whoever answers at one of them can name it. Not '
        'set: the address that a host names must be one that a name in url '
        'stands for.',
    ),
    cfg.StrOpt('username', default='root', help='Who logs in.'),
    cfg.StrOpt('password', default='', secret=True, help='Their password.'),
    cfg.StrOpt(
        'ca_file',
        metavar='FILE',
        help='The certificates, in PEM, that hosts are verified by; for '
        'those which signed their own, these. Not set: those of the system.',
    ),
    cfg.BoolOpt(
        'insecure',
        default=False,
        help='Take any certificate, and http:// without one: anybody in '
        'between can read the password and answer as the pool.',
    ),
    cfg.IntOpt(
        'timeout_seconds',
        default=60,
        min=1,
        max=86400,
        help='How long a connection may take, its handshake included, and '
        'each answer, from the call to its last byte. Both are tried twice, '
        'and so is each url.',
    ),
    cfg.MultiStrOpt(
        'srs',
        default=['default-sr:true'],
        metavar='SRS',
        help='The SRs that hold cached images, separated by commas or one on '
        'each of several such lines: default-sr:true, uuids, names, or '
        "other-config:KEY=VALUE for all that have it, as in Nova's "
        'sr_matching_filter.',
    ),
    cfg.StrOpt(
        'host',
        metavar='HOST',
        help='Only SRs that this host has plugged: its name, uuid or '
        'address. Not set: those of the whole pool.',
    ),
    cfg.BoolOpt(
        'measure_srs',
        default=False,
        help='Have xapi measure each SR (SR.update) before its free space is '
        'read, which takes the role pool-operator. Else what is read may be '
        'two minutes old.',
    ),
    cfg.IntOpt(
        'newborn_grace_seconds',
        default=600,
        min=0,
        help='How long an image is left alone after it was first seen. A '
        'disk that is being cloned from an image looks like one until the '
        'calls that follow.',
    ),
]
_BY_NAME = {opt.dest: opt for opt in OPTS}


def register_opts(conf: cfg.ConfigOpts) -> None:
    """Register the options in ``conf`` and nowhere else."""
    conf.register_opts(OPTS, group=GROUP)


def list_opts() -> list[tuple[str, list[cfg.Opt]]]:
    """Give copies of the options, for oslo-config-generator."""
    return [(GROUP, copy.deepcopy(OPTS))]


def words(values: Collection[str]) -> list[str]:
    """Give what stands on several lines, or on one between commas."""
    found = [word.strip() for line in values for word in line.split(',')]
    # Of nothing but commas somebody is to be told.
    return [word for word in found if word] or list(values)


def value(conf: cfg.ConfigOpts, name: str) -> Any:
    """Read one of the options.

    :raises ConfigurationError: when it is set to nothing that fits.
    """
    opt = _BY_NAME[name]
    read = config_values.read_secret if opt.secret else config_values.read
    return read(conf, GROUP, opt)
