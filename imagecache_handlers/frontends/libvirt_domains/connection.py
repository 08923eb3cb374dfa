"""Connection: the definitions of all domains of a libvirt, as XML.

This is what needs libvirt-python, which is imported when it is asked.
"""

from collections.abc import Callable
from collections.abc import Iterator
import contextlib
import platform
import time
from typing import Any
from typing import NamedTuple
import urllib.parse

from imagecache_handlers.directory.system import bounded
from imagecache_handlers.exceptions import ConfigurationError
from imagecache_handlers.exceptions import EvidenceUnavailable
from imagecache_handlers.frontends.libvirt_domains import hosts

SYSTEM = 'qemu:///system'
# Libvirt's driver of tests, which no daemon has.
_WITHIN = 'test:///default'
# A daemon that hangs answers nobody; libvirt itself waits for ever.
_SECONDS = 10.0
_MOST_SECONDS = 120.0


class Definition(NamedTuple):
    """One definition, and the domain whose it is."""

    user: str
    xml: str


class Answer(NamedTuple):
    """All definitions, and the name of the host that has them.

    ``is_here``: their files are those of this host.
    """

    definitions: list[Definition]
    is_here: bool
    hostname: str


class Libvirt:
    """A libvirt, by its URI; nobody is asked anything yet.

    It has so many ``seconds`` for each call, and ``most`` for all.

    :raises ConfigurationError: when libvirt-python is not there, or that is
        no URI.
    """

    def __init__(
        self,
        uri: str = SYSTEM,
        seconds: float = _SECONDS,
        most: float = _MOST_SECONDS,
    ) -> None:
        self.uri = _check_uri(uri)
        self._seconds = seconds
        self._most = most
        self._bounded = bounded.Bounded[Answer](seconds)
        self._libvirt = _import_libvirt()

    def read_definitions(self) -> Answer:
        """Give what every domain is made of: now, next time, in snapshots.

        Nobody is asked while an earlier answer is still to come.

        :raises EvidenceUnavailable: when it does not tell, or not in time.
        """
        try:
            # Whoever hangs must not keep the program from its end.
            return self._bounded.run(self._read_in_time)
        except bounded.Hangs:
            why = f'no answer within {self._seconds:g} s'
            raise EvidenceUnavailable(self.uri, why) from None
        except self._libvirt.libvirtError as error:
            why = ' '.join(str(error).split())[:300]
            raise EvidenceUnavailable(self.uri, why) from error
        except (AttributeError, TypeError, ValueError) as error:
            # As of a name that it cannot encode, or of nothing where it
            # promises something.
            why = f'its Python package failed: {error!r:.300}'
            raise EvidenceUnavailable(self.uri, why) from error

    def _read_in_time(self, progress: bounded.Progress) -> Answer:
        begin = time.monotonic()
        progress.step(self.uri)
        with contextlib.closing(self._libvirt.openReadOnly(self.uri)) as conn:
            progress.step(self.uri)
            hostname = self._ask_hostname(conn)
            is_here = self._is_here(conn, hostname)
            found = []
            for one in self._read_all(conn, progress):
                found.append(one)
                if time.monotonic() - begin > self._most:
                    why = f'not all was told within {self._most:g} s'
                    raise EvidenceUnavailable(self.uri, why)
            return Answer(found, is_here, hostname)

    def _ask_hostname(self, conn: Any) -> str:
        """Give the name of its host; '' where it does not tell."""
        with self._unless_gone(self._libvirt.VIR_ERR_NO_SUPPORT):
            return str(conn.getHostname())
        return ''

    def _is_here(self, conn: Any, hostname: str) -> bool:
        uris = self.uri, conn.getURI()
        own = platform.node(), self._ask_own_name()
        return hosts.is_this_host(uris, hostname, own)

    def _ask_own_name(self) -> str:
        """Give the name of this host as libvirt finds it; '' if it cannot.

        Where the kernel has a short one, it looks the whole one up.
        """
        try:
            opened = self._libvirt.openReadOnly(_WITHIN)
            with contextlib.closing(opened) as conn:
                return str(conn.getHostname())
        except self._libvirt.libvirtError:
            return ''

    def _read_all(
        self, conn: Any, progress: bounded.Progress
    ) -> Iterator[Definition]:
        for domain in conn.listAllDomains(0):
            user = _name_user(domain)
            progress.step(user)
            for read in self._list_reads(domain):
                progress.step(user)
                with self._unless_gone():
                    yield Definition(user, read())

    def _list_reads(self, domain: Any) -> Iterator[Callable[[], str]]:
        inactive = self._libvirt.VIR_DOMAIN_XML_INACTIVE
        yield lambda: domain.XMLDesc(0)
        yield lambda: domain.XMLDesc(inactive)
        for snapshot in self._list_snapshots(domain):
            yield snapshot.getXMLDesc
        if self._is_saved(domain):
            # It goes on with what it had when it was saved.
            yield domain.managedSaveGetXMLDesc

    def _is_saved(self, domain: Any) -> bool:
        with self._unless_gone(self._libvirt.VIR_ERR_NO_SUPPORT):
            return bool(domain.hasManagedSaveImage(0))
        return False

    def _list_snapshots(self, domain: Any) -> list[Any]:
        # Some drivers have none.
        with self._unless_gone(self._libvirt.VIR_ERR_NO_SUPPORT):
            return list(domain.listAllSnapshots(0))
        return []

    @contextlib.contextmanager
    def _unless_gone(self, *also: int) -> Iterator[None]:
        """Pass over what was there a moment ago: it uses nothing now."""
        gone = (
            self._libvirt.VIR_ERR_NO_DOMAIN,
            self._libvirt.VIR_ERR_NO_DOMAIN_SNAPSHOT,
            *also,
        )
        try:
            yield
        except self._libvirt.libvirtError as error:
            if error.get_error_code() not in gone:
                raise


def _name_user(domain: Any) -> str:
    name: str = domain.name()
    return name if name.isprintable() else str(domain.UUIDString())


def _check_uri(uri: str) -> str:
    try:
        urllib.parse.urlsplit(uri)
    except ValueError as error:
        raise ConfigurationError(
            f'--in-use-from libvirt:{uri}: {error}'
        ) from error
    return uri


def _import_libvirt() -> Any:
    try:
        import libvirt
    except ImportError as error:
        raise ConfigurationError(
            '--in-use-from libvirt takes libvirt-python: pip install '
            '"imagecache-handlers[libvirt]"'
        ) from error
    # What goes wrong is told by us.
    libvirt.registerErrorHandler(lambda context, error: None, None)
    return libvirt
