"""Settings: what our options say, and Nova's where ours are not set."""

import dataclasses
import re
from typing import Any
from typing import TYPE_CHECKING

from imagecache_handlers.exceptions import ConfigurationError
from imagecache_handlers_vmware.datastores import DatastoreFilter
from imagecache_handlers_vmware.import_places import ImportPlace
from imagecache_handlers_vmware.looks import CacheOptions
from imagecache_handlers_vmware.port.dialling import ConnectionOptions

if TYPE_CHECKING:
    from imagecache_handlers_vmware.nova_options import NovaOptions


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How the handler works: where, as whom, over what, and on what."""

    url: str | None
    username: str
    password: str = dataclasses.field(repr=False)
    dialling: ConnectionOptions
    cache: CacheOptions


def read_settings(conf: Any) -> Settings:
    """Register our options in ``conf``, and read them.

    :raises ConfigurationError: when one is set to nothing that fits, or the
        base folder is not known.
    """
    # oslo.config is for who opens a handler, not for who lists them.
    from imagecache_handlers_vmware import nova_options
    from imagecache_handlers_vmware import opts

    opts.register_opts(conf)
    given = {opt.dest: opts.read_option(conf, opt.dest) for opt in opts.OPTS}
    nova = nova_options.NovaOptions(conf)
    username, password = given['username'], given['password']
    if username is None:
        username, followed = nova.read_login()
        password = followed if password is None else password
    ca_file, insecure = given['ca_file'], given['insecure']
    if ca_file is None and insecure is None:
        ca_file, insecure = nova.read_trust()
    return Settings(
        url=nova.read_url() if given['url'] is None else given['url'],
        username=username or '',
        password=password or '',
        dialling=ConnectionOptions(
            timeout=given['timeout_seconds'],
            ca_file=ca_file,
            insecure=bool(insecure),
        ),
        cache=_read_cache(given, nova),
    )


def _read_cache(given: dict[str, Any], nova: 'NovaOptions') -> CacheOptions:
    folder, regex = given['base_folder'], given['datastore_regex']
    folder = nova.read_folder() if folder is None else folder
    regex = nova.read_regex() if regex is None else regex
    return CacheOptions(
        base_folder=_check_folder(folder),
        chosen=DatastoreFilter(regex=_compile_regex(regex)),
        ignored_machines=frozenset(given['ignore_vms']),
        exclusive_stores=_choose_exclusive(
            given['lift_deletable'], given['exclusive_datastores']
        ),
        import_place=_read_place(given['import_pool'], given['import_folder']),
    )


def _read_place(pool: str | None, folder: str | None) -> ImportPlace | None:
    """Read where machines are put that disks come with."""
    if not pool and not folder:
        return None
    if not pool or not folder:
        raise ConfigurationError(
            '[imagecache_vmware] import_pool and import_folder go together: '
            'set both, or none'
        )
    return ImportPlace(pool=pool, folder=folder)


def _choose_exclusive(lifts: bool, stores: list[str]) -> frozenset[str]:
    """Name the stores on which ``ddb.deletable`` is lifted."""
    if lifts and not stores:
        raise ConfigurationError(
            '[imagecache_vmware] lift_deletable is for the stores that are '
            'named in exclusive_datastores: name one'
        )
    return frozenset(stores) if lifts else frozenset()


def _check_folder(folder: str) -> str:
    """Refuse what is not one folder at the top of a datastore."""
    # A colon is in the IPv6 address of a host, by which Nova names it.
    if not re.fullmatch(r'[A-Za-z0-9_][A-Za-z0-9._:-]*', folder):
        raise ConfigurationError(
            f'[imagecache_vmware] base_folder {folder!r} must be the name of '
            f'a folder: letters, digits and . _ : -'
        )
    return folder


def _compile_regex(regex: str | None) -> re.Pattern[str] | None:
    try:
        return re.compile(regex) if regex else None
    except re.error as error:
        raise ConfigurationError(
            f'[imagecache_vmware] datastore_regex {regex!r} is not a regular '
            f'expression: {error}'
        ) from error
