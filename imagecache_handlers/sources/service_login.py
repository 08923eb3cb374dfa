"""Service login: who asks, and where a service is, by keystoneauth.

Its libraries are imported where they are used: options and documentation
need none of them.
"""

from collections.abc import Iterator
from collections.abc import Mapping
import contextlib
import dataclasses
from typing import Any
from typing import Protocol

from imagecache_handlers.exceptions import SourceError
from imagecache_handlers.sources.http_options import HttpOptions
from imagecache_handlers.sources.services import GLANCE
from imagecache_handlers.sources.services import Service

_TOKEN = 'X-Auth-Token'  # noqa: S105 -- the name of a header
# What keystoneauth stumbles with over answers that it does not expect.
_NONSENSE = ValueError, LookupError, TypeError, AttributeError


class AuthPlugin(Protocol):
    """What is used of a plug-in of keystoneauth."""

    def get_headers(self, session: Any) -> Mapping[str, str] | None: ...

    def get_endpoint(self, session: Any, **keywords: Any) -> str | None: ...

    def invalidate(self) -> bool: ...


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class ServiceLogin:
    """Who logs in, as a plug-in of keystoneauth, and which service is meant.

    ``endpoint`` is where it is; empty: what the catalogue says of that
    region and interface.
    """

    plugin: AuthPlugin
    options: HttpOptions
    endpoint: str = ''
    region_name: str | None = None
    interface: str = 'public'
    service: Service = GLANCE

    def find_endpoint(self) -> str:
        """Tell where the service is.

        :raises SourceError: when nobody says so.
        """
        if self.endpoint:
            return self.endpoint
        with self._session() as session:
            found = self.plugin.get_endpoint(
                session,
                service_type=self.service.kind,
                interface=self.interface,
                region_name=self.region_name,
            )
        if not found:
            raise SourceError('Keystone', _say_nowhere(self.service))
        return found

    def read_token(self) -> dict[str, str]:
        """Give the headers that tell the service who asks.

        :raises SourceError: when Keystone lets nobody in.
        """
        with self._session() as session:
            return dict(self.plugin.get_headers(session) or {})

    def renew_token(self, refused: Mapping[str, str]) -> bool:
        """Forget a token that was refused; False: there is no other."""
        with self._session() as session:
            now = self.plugin.get_headers(session) or {}
            # Another thread may have done so.
            if now.get(_TOKEN) != refused.get(_TOKEN):
                return True
            return self.plugin.invalidate()

    @contextlib.contextmanager
    def _session(self) -> Iterator[Any]:
        from keystoneauth1 import exceptions
        from keystoneauth1.session import Session

        from imagecache_handlers.sources.http_session import open_session

        with open_session(self.options) as http:
            session = Session(
                session=http,
                verify=http.verify,
                timeout=self.options.timeout,
                redirect=False,
            )
            try:
                yield session
            except exceptions.ClientException as error:
                raise _translate_error(error, self.service) from error
            except _NONSENSE as error:
                why = 'its answer is not one of Keystone: check auth_url'
                raise SourceError('Keystone', why) from error


def _say_nowhere(service: Service, said: str = '') -> str:
    return (
        f'it names no {service.name}: {said}check region_name and interface, '
        f'or set [{service.group}] endpoint'
    )


def _translate_error(error: Any, service: Service) -> SourceError:
    """Tell why nobody can log in, and if that may change."""
    from keystoneauth1 import exceptions

    text = ' '.join(str(error).split())
    shown = ''.join(one for one in text if one.isprintable())[:300]
    why = f'nobody can log in: {shown}'
    status = getattr(error, 'http_status', 0)
    if status == 401:
        why += f': check the credentials in [{service.group}]'
    elif isinstance(error, exceptions.CatalogException):
        why = _say_nowhere(service, f'{shown}: ')
    is_away = isinstance(error, exceptions.ConnectionError)
    is_trusted = not isinstance(error, exceptions.SSLError)
    retry = is_away and is_trusted or status == 429 or status >= 500
    return SourceError('Keystone', why, retry=retry)
