"""Options of the source ``glance``; those of its logins are keystoneauth's."""

import copy
from typing import Any

from oslo_config import cfg

from imagecache_handlers.config import values
from imagecache_handlers.exceptions import ConfigurationError

GROUP = 'imagecache_glance'

# By keystoneauth's names.  They are told here, for loading keystoneauth takes
# longer than all else that a command does to begin.
LOGIN_OPTS: list[cfg.Opt] = [
    cfg.StrOpt(
        'auth_type',
        choices=[
            ('none', 'Glance asks nobody who they are'),
            ('http_basic', 'a name and a password, told to Glance'),
            ('password', 'a name and a password, told to Keystone'),
            ('v3applicationcredential', 'one that Keystone has given out'),
        ],
        help='How to log in. The other kinds of keystoneauth can be had by '
        'a clouds.yaml.',
    ),
    cfg.StrOpt('auth_url', metavar='URL', help='Where Keystone answers.'),
    cfg.StrOpt('username', help='Who logs in.'),
    cfg.StrOpt('user_id', help='The same, by id.'),
    cfg.StrOpt('password', secret=True, help='Their password.'),
    cfg.StrOpt('user_domain_name', help='The domain of that user.'),
    cfg.StrOpt('user_domain_id', help='The same, by id.'),
    cfg.StrOpt('project_name', help='The project that they act for.'),
    cfg.StrOpt('project_id', help='The same, by id.'),
    cfg.StrOpt('project_domain_name', help='The domain of that project.'),
    cfg.StrOpt('project_domain_id', help='The same, by id.'),
    cfg.StrOpt(
        'default_domain_name', help='The domain of both, where they have none.'
    ),
    cfg.StrOpt('default_domain_id', help='The same, by id.'),
    cfg.StrOpt('domain_name', help='The domain that they act for.'),
    cfg.StrOpt('domain_id', help='The same, by id.'),
    cfg.StrOpt('system_scope', help='"all": they act for the system.'),
    cfg.StrOpt('trust_id', help='The trust by which they act.'),
    cfg.StrOpt(
        'application_credential_id', help='The application credential.'
    ),
    cfg.StrOpt(
        'application_credential_name', help='The same, by name and user.'
    ),
    cfg.StrOpt(
        'application_credential_secret', secret=True, help='Its secret.'
    ),
]

OPTS: list[cfg.Opt] = [
    cfg.StrOpt(
        'endpoint',
        metavar='URL',
        help='Where Glance answers, such as https://glance.example.org:9292. '
        "Not set: what Keystone's catalogue says.",
    ),
    cfg.StrOpt(
        'cloud',
        metavar='NAME',
        help='Log in as it is said of that cloud in '
        '~/.config/openstack/clouds.yaml or /etc/openstack/clouds.yaml, '
        'which takes openstacksdk. It stands in place of auth_type.',
    ),
    *LOGIN_OPTS,
    cfg.StrOpt(
        'region_name', help='Which region of the catalogue; not set: any.'
    ),
    cfg.StrOpt(
        'interface',
        default='public',
        choices=['public', 'internal', 'admin'],
        help='Which of the addresses in the catalogue.',
    ),
    cfg.StrOpt(
        'ca_file',
        metavar='FILE',
        help='The certificates, in PEM, that Glance and Keystone are '
        'verified by. Not set: those of the system.',
    ),
    cfg.BoolOpt(
        'insecure',
        default=False,
        help='Take any certificate, and send passwords over http:// without '
        'one: anybody in between can read them and answer as Glance.',
    ),
    cfg.IntOpt(
        'timeout_seconds',
        default=60,
        min=1,
        max=86400,
        help='How long a connection may take, and how long nothing may come '
        'over it. A whole image may take any time.',
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
        return values.read(conf, GROUP, opt)
    try:
        return conf[GROUP][name]
    except (cfg.Error, ValueError):
        # What is wrong would be told with a part of it.
        raise ConfigurationError(
            f'[{GROUP}] {name} cannot be read: write $$ for each $ in it'
        ) from None
