"""Users: the evidence that a libvirt gives of who uses which image.

Images are files here: one is used by its name, in whatever folder, so that a
store which is mounted elsewhere for QEMU is none the worse for it.  Which name
that is, the kernel says, by links and by mounts.
"""

from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Iterator
import contextlib
import datetime
import logging
import os
import re
from typing import NamedTuple
from typing import Protocol

from imagecache_handlers.directory.system import bounded
from imagecache_handlers.directory.users.formats.values import Backing
from imagecache_handlers.directory.users.formats.values import shown
from imagecache_handlers.directory.users import words
from imagecache_handlers.exceptions import EvidenceUnavailable
from imagecache_handlers.frontends.libvirt_domains.chains import Chains
from imagecache_handlers.frontends.libvirt_domains.connection import Answer
from imagecache_handlers.frontends.libvirt_domains import firmware
from imagecache_handlers.model import check_image_id
from imagecache_handlers.model import Evidence

LOG = logging.getLogger(__name__)

# A file of Nova's cache, and a copy of it that was resized.
_VARIANT = re.compile(r'([0-9a-f]{40})_[0-9]{1,19}', re.ASCII)

# Seconds for a file: on a mount whose server is away the kernel has no end.
_SECONDS = 10.0


class Asked(Protocol):
    """What is used of a libvirt."""

    @property
    def uri(self) -> str: ...

    def read_definitions(self) -> Answer: ...


class Gathered(NamedTuple):
    """Who uses which image, and why somebody else may use one."""

    users: dict[str, frozenset[str]]
    doubts: list[str]


class LibvirtUsers:
    """Who uses which image, asked of a libvirt whenever it is called.

    With ``complete``, the caller's word that nothing but the domains of this
    libvirt uses the stores, the evidence is complete if each definition was
    understood and each chain followed to its end.  ``seconds`` are for a
    file that does not answer.

    :raises EvidenceUnavailable: when libvirt does not tell, or such a file
        hides what lies below.
    """

    def __init__(
        self,
        libvirt: Asked,
        *,
        complete: bool,
        clock: Callable[[], datetime.datetime],
        seconds: float = _SECONDS,
    ) -> None:
        self._libvirt = libvirt
        self._bounded = bounded.Bounded[Gathered](seconds)
        self._complete = complete
        self._clock = clock

    def __call__(self) -> Evidence:
        # Before asking: a domain that comes meanwhile may not be told.
        as_of = self._clock()
        users, doubts = self._look_bounded(self._libvirt.read_definitions())
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

    def _look_bounded(self, answer: Answer) -> Gathered:
        try:
            return self._bounded.run(
                lambda progress: gather_users(answer, progress.step)
            )
        except bounded.Hangs as error:
            why = f'{shown(str(error))} does not answer; is it mounted?'
            raise EvidenceUnavailable(self._libvirt.uri, why) from None


def gather_users(answer: Answer, step: Callable[[str], object]) -> Gathered:
    """Give who uses which image, and why somebody else may use one.

    ``step`` is told each path before it is looked at.
    """
    users: dict[str, set[str]] = {}
    doubts = list(_doubt_answer(answer))
    chains = Chains(step)
    for one in dict.fromkeys(answer.definitions):
        try:
            content = one.xml.encode(errors='replace')
            domain = words.read_domain(content)
        except words.Unreadable as error:
            doubts.append(f'the definition of {one.user}: {error}')
            continue
        started = firmware.read_firmware(content)
        problems = (*domain.problems, *started.problems)
        doubts += [f'{one.user}: {why}' for why in problems]
        mentions = (*domain.mentions, *domain.hints)
        names = set(map(os.path.basename, mentions))
        if answer.is_here:
            names.update(*map(chains.list_names, domain.mentions))
            names |= chains.list_below([*_list_disks(domain), *started.below])
        for image_id in _list_images(names):
            users.setdefault(image_id, set()).add(one.user)
    found = {image_id: frozenset(who) for image_id, who in users.items()}
    return Gathered(found, [*doubts, *chains.doubts])


def _doubt_answer(answer: Answer) -> Iterator[str]:
    if not answer.definitions:
        # As of another user, or of one that was installed a minute ago.
        yield 'it has no domains'
    if not answer.is_here:
        name = shown(answer.hostname)
        yield f'it may be of another host, {name}, whose files are not ours'


def _list_disks(domain: words.Domain) -> Iterator[Backing]:
    for word in (*domain.disks, *domain.perhaps):
        yield Backing(word.path, word.form == 'raw')


def _list_images(names: Iterable[str]) -> set[str]:
    """Give the images that files of these names would be."""
    found = set()
    for name in names:
        variant = _VARIANT.fullmatch(name)
        # Another layout may have an image of that very name.
        for one in (name, variant[1]) if variant else (name,):
            with contextlib.suppress(ValueError):
                found.add(check_image_id(one))
    return found
