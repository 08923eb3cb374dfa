"""Connection: the definitions of all domains of a libvirt, as XML.

This is what needs libvirt-python, which is imported when it is asked.
"""

from collections.abc import Callable
from collections.abc import Iterator
import contextlib
import queue
import threading
from typing import Any
from typing import NamedTuple
import urllib.parse

from imagecache_handlers.exceptions import ConfigurationError
from imagecache_handlers.exceptions import EvidenceUnavailable

SYSTEM = 'qemu:///system'
# A daemon that hangs answers nobody; libvirt itself waits for ever.
_SECONDS = 120.0


class Definition(NamedTuple):
    """One definition, and the domain whose it is."""

    user: str
    xml: str


class Libvirt:
    """A libvirt, by its URI; nobody is asked anything yet.

    :raises ConfigurationError: when libvirt-python is not there.
    """

    def __init__(self, uri: str = SYSTEM, seconds: float = _SECONDS) -> None:
        self.uri = uri
        self._seconds = seconds
        self._libvirt = _import_libvirt()

    @property
    def is_here(self) -> bool:
        """Tell if its files are those of this host."""
        return not urllib.parse.urlsplit(self.uri).netloc

    def read_definitions(self) -> list[Definition]:
        """Give what every domain is made of: now, next time, in snapshots.

        :raises EvidenceUnavailable: when it does not tell, or not in time.
        """
        answers: queue.SimpleQueue[Any] = queue.SimpleQueue()

        def work() -> None:
            found: list[Definition] | Exception | None = None
            try:
                found = list(self._read_all())
            except self._libvirt.libvirtError as error:
                found = error
            finally:
                # Of what nobody expects the thread tells by itself.
                answers.put(found)

        # Whoever hangs must not keep the program from its end.
        threading.Thread(target=work, daemon=True).start()
        try:
            found = answers.get(timeout=self._seconds)
        except queue.Empty:
            why = f'no answer within {self._seconds:g} s'
            raise EvidenceUnavailable(self.uri, why) from None
        if isinstance(found, self._libvirt.libvirtError):
            why = ' '.join(str(found).split())[:300]
            raise EvidenceUnavailable(self.uri, why) from found
        if found is None:
            raise EvidenceUnavailable(self.uri, 'its Python package failed')
        return list(found)

    def _read_all(self) -> Iterator[Definition]:
        with contextlib.closing(self._libvirt.openReadOnly(self.uri)) as conn:
            for domain in conn.listAllDomains(0):
                yield from self._read_domain(domain)

    def _read_domain(self, domain: Any) -> Iterator[Definition]:
        user = _name_user(domain)
        inactive = self._libvirt.VIR_DOMAIN_XML_INACTIVE
        reads: list[Callable[[], str]] = [
            lambda: domain.XMLDesc(0),
            lambda: domain.XMLDesc(inactive),
        ]
        for snapshot in self._list_snapshots(domain):
            reads.append(snapshot.getXMLDesc)
        with self._unless_gone():
            if domain.hasManagedSaveImage(0):
                # It goes on with what it had when it was saved.
                reads.append(domain.managedSaveGetXMLDesc)
        for read in reads:
            with self._unless_gone():
                yield Definition(user, read())

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
