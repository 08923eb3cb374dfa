"""Glance login: who asks, and where Glance is, by keystoneauth.

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

_TOKEN = 'X-Auth-Token'  # noqa: S105 -- the name of a header
_WHERE = 'check region_name and interface, or set [imagecache_glance] endpoint'
# What keystoneauth stumbles with over answers that it does not expect.
_NONSENSE = ValueError, LookupError, TypeError, AttributeError


class AuthPlugin(Protocol):
    """What is used of a plug-in of keystoneauth."""

    def get_headers(self, session: Any) -> Mapping[str, str] | None: ...

    def get_endpoint(self, session: Any, **keywords: Any) -> str | None: ...

    def invalidate(self) -> bool: ...


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class GlanceLogin:
    """Who logs in, as a plug-in of keystoneauth, and which Glance is meant.

    ``endpoint`` is where it is; empty: what the catalogue says of that
    region and interface.
    """

    plugin: AuthPlugin
    options: HttpOptions
    endpoint: str = ''
    region_name: str | None = None
    interface: str = 'public'

    def find_endpoint(self) -> str:
        """Tell where Glance is.

        :raises SourceError: when nobody says so.
        """
        if self.endpoint:
            return self.endpoint
        with self._session() as session:
            found = self.plugin.get_endpoint(
                session,
                service_type='image',
                interface=self.interface,
                region_name=self.region_name,
            )
        if not found:
            raise SourceError('Keystone', f'it names no Glance: {_WHERE}')
        return found

    def read_token(self) -> dict[str, str]:
        """Give the headers that tell Glance who asks.

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
                raise _translate_error(error) from error
            except _NONSENSE as error:
                why = 'its answer is not one of Keystone: check auth_url'
                raise SourceError('Keystone', why) from error


def _translate_error(error: Any) -> SourceError:
    """Tell why nobody can log in, and if that may change."""
    from keystoneauth1 import exceptions

    text = ' '.join(str(error).split())
    shown = ''.join(one for one in text if one.isprintable())[:300]
    why = f'nobody can log in: {shown}'
    status = getattr(error, 'http_status', 0)
    if status == 401:
        why += ': check the credentials in [imagecache_glance]'
    elif isinstance(error, exceptions.CatalogException):
        why = f'it names no Glance: {shown}: {_WHERE}'
    is_away = isinstance(error, exceptions.ConnectionError)
    is_trusted = not isinstance(error, exceptions.SSLError)
    retry = is_away and is_trusted or status == 429 or status >= 500
    return SourceError('Keystone', why, retry=retry)
