"""In-use options: who is asked which image is used, as a command says."""

import argparse

from imagecache_handlers.actions.evidence import Ask
from imagecache_handlers.clocks import utc_now
from imagecache_handlers.exceptions import ConfigurationError
from imagecache_handlers.frontends import in_use_list

_NOVA = 'nova'
_LIBVIRT = 'libvirt'


def add_evidence_to(parser: argparse.ArgumentParser) -> None:
    """Add the options that tell who uses what."""
    group = parser.add_argument_group('who uses what')
    group.add_argument(
        '--in-use',
        metavar='FILE',
        help='who uses what, one image a line: ID [user,user...]; "-" is '
        'standard input',
    )
    group.add_argument(
        '--in-use-from',
        metavar='SOURCE',
        help='ask who uses what, in place of a list: "nova", as '
        '[imagecache_nova] says, or "libvirt", "libvirt:URI"; the URI is '
        'qemu:///system if none is named',
    )
    group.add_argument(
        '--in-use-complete',
        action='store_true',
        help='that list, or source, names every image that any host of the '
        'stores uses',
    )


def asking(options: argparse.Namespace, common: argparse.Namespace) -> Ask:
    """Give what tells who uses which image.

    ``common`` are the options that every command takes.

    :raises ConfigurationError: when the options contradict each other, or
        what they name cannot be asked.
    """
    if options.in_use is not None and options.in_use_from is not None:
        raise ConfigurationError(
            '--in-use and --in-use-from each say who uses what: name one'
        )
    if options.in_use_from is not None:
        return _ask_source(options, common)
    if options.in_use is not None:
        return in_use_list.InUseList(
            options.in_use, complete=options.in_use_complete, clock=utc_now
        )
    if options.in_use_complete:
        raise ConfigurationError(
            '--in-use-complete says that a list is complete: name the list '
            'with --in-use FILE, or whom to ask with --in-use-from'
        )
    return lambda: in_use_list.nobody_asked(utc_now)


def _ask_source(
    options: argparse.Namespace, common: argparse.Namespace
) -> Ask:
    name, _, uri = options.in_use_from.partition(':')
    if name == _LIBVIRT:
        return _ask_libvirt(uri, complete=options.in_use_complete)
    if options.in_use_from == _NOVA:
        return _ask_nova(common, complete=options.in_use_complete)
    raise ConfigurationError(
        f'--in-use-from {options.in_use_from!r}: nobody of that name can be '
        f'asked; there are {_NOVA} and {_LIBVIRT}'
    )


def _ask_libvirt(uri: str, *, complete: bool) -> Ask:
    from imagecache_handlers.frontends.libvirt_domains import connection
    from imagecache_handlers.frontends.libvirt_domains import users

    libvirt = connection.Libvirt(uri or connection.SYSTEM)
    return users.LibvirtUsers(libvirt, complete=complete, clock=utc_now)


def _ask_nova(common: argparse.Namespace, *, complete: bool) -> Ask:
    # Imported where it is needed, as all that a command may do without.
    from imagecache_handlers.config.reading import read_configuration
    from imagecache_handlers.frontends.nova_api import users

    def load() -> users.NovaUsers:
        conf = read_configuration(common.config or (), handler=common.handler)
        return users.load_users(conf, complete=complete, clock=utc_now)

    # What is wrong with the options is told at once; they are read again
    # each time, for a service is told to read them again.
    load()
    return lambda: load()()
