"""HTTP options: how a source is reached, and whom it trusts."""

import dataclasses
import functools
import ssl

from imagecache_handlers.exceptions import ConfigurationError


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class HttpOptions:
    """How requests are made; nothing in the environment changes it.

    ``timeout``, in seconds, is for making a connection, and for how long
    nothing may come over it.  ``ca_file`` has the only certificates to
    believe; None: those of the system.  ``insecure`` takes any.  ``named``
    are the hosts that the operator has named: only such a one may be this
    host itself.
    """

    timeout: float = 60.0
    ca_file: str | None = None
    insecure: bool = False
    named: frozenset[str] = frozenset()

    def make_context(self) -> ssl.SSLContext:
        """Make what judges certificates.

        :raises ConfigurationError: when ``ca_file`` is of no use.
        """
        try:
            return _make_context(self.ca_file, self.insecure)
        except (OSError, ssl.SSLError) as error:
            why = error.strerror or str(error)
            raise ConfigurationError(
                f'ca_file {self.ca_file!r}: {why}'
            ) from error


@functools.cache
def _make_context(ca_file: str | None, insecure: bool) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=ca_file)
    if insecure:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context
