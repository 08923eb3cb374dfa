"""TLS of a server: a certificate of its own CA, in files while it runs."""

import pathlib
import ssl
import tempfile

from simulator_parts.certificates import Authority
from simulator_parts.certificates import NAMES


class Tls:
    """What a server shows, and the file by which its clients trust it."""

    def __init__(self, names: tuple[str, ...] = NAMES) -> None:
        self.authority = Authority()
        self._pair = self.authority.issue(names)
        self._folder: tempfile.TemporaryDirectory[str] | None = None

    @property
    def ca_file(self) -> str | None:
        """The path of the CA's certificate, while it is open."""
        if self._folder is None:
            return None
        return str(pathlib.Path(self._folder.name, 'ca.pem'))

    def open(self) -> ssl.SSLContext:
        """Write the files, and make the context of a server."""
        if self._folder is None:
            self._folder = tempfile.TemporaryDirectory(prefix='simulator-')
        folder = pathlib.Path(self._folder.name)
        (folder / 'ca.pem').write_text(self.authority.certificate)
        # The key goes into a file that nobody else can read: ``ssl`` wants it.
        path = folder / 'server.pem'
        path.touch(mode=0o600)
        path.write_text(self._pair.key + self._pair.certificate)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(path)
        return context

    def close(self) -> None:
        """Remove the files."""
        if self._folder is not None:
            self._folder.cleanup()
            self._folder = None
