"""Users: the evidence that a libvirt gives of who uses which image.

Images are files here: one is used by its name, in whatever folder, so that a
store which is mounted elsewhere for QEMU is none the worse for it.
"""

from collections.abc import Callable
from collections.abc import Iterable
import datetime
import logging
import os
import re
from typing import Protocol

from imagecache_handlers.directory.users.formats.values import Backing
from imagecache_handlers.directory.users.formats.values import shown
from imagecache_handlers.directory.users import words
from imagecache_handlers.frontends.libvirt_domains.chains import Chains
from imagecache_handlers.frontends.libvirt_domains.connection import Definition
from imagecache_handlers.model import check_image_id
from imagecache_handlers.model import Evidence

LOG = logging.getLogger(__name__)

# A file of Nova's cache, and a copy of it that was resized.
_VARIANT = re.compile(r'([0-9a-f]{40})_[0-9]{1,19}', re.ASCII)


class Asked(Protocol):
    """What is used of a libvirt."""

    @property
    def uri(self) -> str: ...

    @property
    def is_here(self) -> bool: ...

    def read_definitions(self) -> list[Definition]: ...


class LibvirtUsers:
    """Who uses which image, asked of a libvirt whenever it is called.

    With ``complete``, the caller's word that nothing but the domains of this
    libvirt uses the stores, the evidence is complete if each definition was
    understood and each chain followed to its end.

    :raises EvidenceUnavailable: when libvirt does not tell.
    """

    def __init__(
        self,
        libvirt: Asked,
        *,
        complete: bool,
        clock: Callable[[], datetime.datetime],
    ) -> None:
        self._libvirt = libvirt
        self._complete = complete
        self._clock = clock

    def __call__(self) -> Evidence:
        # Before asking: a domain that comes meanwhile may not be told.
        as_of = self._clock()
        definitions = self._libvirt.read_definitions()
        users, doubts = gather_users(definitions, self._libvirt.is_here)
        if doubts:
            more = f', and {len(doubts) - 1} more' if len(doubts) > 1 else ''
            LOG.warning(
                'What %s tells proves use only: %s%s',
                self._libvirt.uri,
                doubts[0],
                more,
            )
        return Evidence(
            users=users, complete=self._complete and not doubts, as_of=as_of
        )


def gather_users(
    definitions: Iterable[Definition], is_here: bool
) -> tuple[dict[str, frozenset[str]], list[str]]:
    """Give who uses which image, and why somebody else may use one.

    ``is_here``: the files of these domains can be read by us.
    """
    users: dict[str, set[str]] = {}
    doubts: list[str] = []
    chains = Chains()
    for one in dict.fromkeys(definitions):
        try:
            domain = words.read_domain(one.xml.encode(errors='replace'))
        except words.Unreadable as error:
            doubts.append(f'the definition of {one.user}: {error}')
            continue
        doubts += [f'{one.user}: {why}' for why in domain.problems]
        named = {*domain.mentions, *domain.hints}
        disks = list(_list_disks(domain))
        if is_here:
            named |= chains.list_below(disks)
        else:
            doubts += [
                f'what lies below {shown(disk.path)} of {one.user} cannot be '
                f'read from here'
                for disk in disks
                if not disk.is_raw
            ]
        for image_id in _list_images(named):
            users.setdefault(image_id, set()).add(one.user)
    found = {image_id: frozenset(who) for image_id, who in users.items()}
    return found, [*doubts, *chains.doubts]


def _list_disks(domain: words.Domain) -> Iterable[Backing]:
    for word in (*domain.disks, *domain.perhaps):
        yield Backing(word.path, word.form == 'raw')


def _list_images(paths: Iterable[str]) -> set[str]:
    """Give the images that files of these paths would be."""
    names = {os.path.basename(path) for path in paths}
    # A link has another name than the image that it leads to.
    names |= {
        os.path.basename(os.path.realpath(path))
        for path in paths
        if path.startswith('/')
    }
    found = set()
    for name in names:
        variant = _VARIANT.fullmatch(name)
        try:
            found.add(check_image_id(variant[1] if variant else name))
        except ValueError:
            # No image can have that name.
            continue
    return found
