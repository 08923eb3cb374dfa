"""Options of the services that are asked; a login's are keystoneauth's."""

import copy
from typing import Any

from oslo_config import cfg

from imagecache_handlers.config import values
from imagecache_handlers.exceptions import ConfigurationError
from imagecache_handlers.sources.services import GLANCE
from imagecache_handlers.sources.services import NOVA
from imagecache_handlers.sources.services import Service

GROUP = GLANCE.group

# By keystoneauth's names.  They are told here, for loading keystoneauth takes
# longer than all else that a command does to begin.
LOGIN_OPTS: list[cfg.Opt] = [
    cfg.StrOpt(
        'auth_type',
        choices=[
            ('none', 'the service asks nobody who they are'),
            ('http_basic', 'a name and a password, told to the service'),
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


def _make_opts(service: Service, example: str, more: str) -> list[cfg.Opt]:
    return [
        *_make_place_opts(service, example),
        *LOGIN_OPTS,
        *_make_catalogue_opts(),
        *_make_connection_opts(service, more),
    ]


def _make_place_opts(service: Service, example: str) -> list[cfg.Opt]:
    return [
        cfg.StrOpt(
            'endpoint',
            metavar='URL',
            help=f'Where {service.name} answers, such as {example}. Not set: '
            f"what Keystone's catalogue says.",
        ),
        cfg.StrOpt(
            'cloud',
            metavar='NAME',
            help='Log in as it is said of that cloud in '
            '~/.config/openstack/clouds.yaml or /etc/openstack/clouds.yaml, '
            'which takes openstacksdk. It stands in place of auth_type.',
        ),
    ]


def _make_catalogue_opts() -> list[cfg.Opt]:
    return [
        cfg.StrOpt(
            'region_name', help='Which region of the catalogue; not set: any.'
        ),
        cfg.StrOpt(
            'interface',
            default='public',
            choices=['public', 'internal', 'admin'],
            help='Which of the addresses in the catalogue.',
        ),
    ]


def _make_connection_opts(service: Service, more: str) -> list[cfg.Opt]:
    return [
        cfg.StrOpt(
            'ca_file',
            metavar='FILE',
            help=f'The certificates, in PEM, that {service.name} and Keystone '
            f'are verified by. Not set: those of the system.',
        ),
        cfg.BoolOpt(
            'insecure',
            default=False,
            help='Take any certificate, and send passwords over http:// '
            'without one: anybody in between can read them and answer as '
            f'{service.name}.',
        ),
        cfg.IntOpt(
            'timeout_seconds',
            default=60,
            min=1,
            max=86400,
            help='How long a connection may take, and how long nothing may '
            f'come over it. {more}',
        ),
    ]


OPTS = _make_opts(
    GLANCE,
    'https://glance.example.org:9292',
    'A whole image may take any time.',
)
NOVA_OPTS = _make_opts(
    NOVA,
    'https://nova.example.org:8774/v2.1',
    'A page of servers may take twice that.',
)
_BY_SERVICE = {GLANCE: OPTS, NOVA: NOVA_OPTS}


def register_opts(conf: cfg.ConfigOpts, service: Service = GLANCE) -> None:
    """Register the options of a service in ``conf`` and nowhere else."""
    conf.register_opts(_BY_SERVICE[service], group=service.group)


def list_opts() -> list[tuple[str, list[cfg.Opt]]]:
    """Give copies of Glance's options, for oslo-config-generator."""
    return [(GLANCE.group, copy.deepcopy(OPTS))]


def list_nova_opts() -> list[tuple[str, list[cfg.Opt]]]:
    """Give copies of Nova's options, for oslo-config-generator."""
    return [(NOVA.group, copy.deepcopy(NOVA_OPTS))]


def read_options(conf: cfg.ConfigOpts, service: Service) -> dict[str, Any]:
    """Read all options of a service, by their names.

    :raises ConfigurationError: when one is set to nothing that fits.
    """
    return {
        opt.dest: _read_option(conf, service.group, opt)
        for opt in _BY_SERVICE[service]
    }


def _read_option(conf: cfg.ConfigOpts, group: str, opt: cfg.Opt) -> Any:
    if not opt.secret:
        return values.read(conf, group, opt)
    try:
        return conf[group][opt.dest]
    except (cfg.Error, ValueError):
        # What is wrong would be told with a part of it.
        raise ConfigurationError(
            f'[{group}] {opt.dest} cannot be read: write $$ for each $ in it'
        ) from None
