"""HTTP errors: what the libraries raise, as errors of a source."""

from collections.abc import Iterator
import contextlib
import ssl

import requests
import urllib3

from imagecache_handlers.exceptions import SourceError
from imagecache_handlers.sources.addresses import show_url

# Before anything was sent: what is asked for can never be.
_WRONG = (
    requests.exceptions.InvalidURL,
    requests.exceptions.InvalidHeader,
    requests.exceptions.InvalidSchema,
)
_LATE = (
    requests.exceptions.Timeout,
    urllib3.exceptions.TimeoutError,
    TimeoutError,
)
_BROKEN = (requests.RequestException, urllib3.exceptions.HTTPError, OSError)


@contextlib.contextmanager
def translate_errors(url: str, timeout: float) -> Iterator[None]:
    """Tell what the libraries raise as a ``SourceError``."""
    source = show_url(url)
    try:
        yield
    except _WRONG as error:
        raise SourceError(source, _explain_cause(error)) from error
    except _LATE as error:
        why = f'next to nothing comes from it within {timeout:g} s'
        raise SourceError(source, why, retry=True) from error
    except _BROKEN as error:
        raise _translate_failure(source, error) from error


def _translate_failure(source: str, error: Exception) -> SourceError:
    cause = _find_cause(error)
    if isinstance(cause, ssl.SSLCertVerificationError):
        return SourceError(
            source,
            f'the certificate is not trusted: {cause.verify_message}; set '
            f'ca_file to the authority that signed it',
        )
    why = f'the connection failed: {_explain_cause(error)}'
    return SourceError(source, why, retry=True)


def _find_cause(error: BaseException) -> BaseException:
    """Give what is at the bottom of an error of the libraries."""
    while (below := error.__cause__ or error.__context__) is not None:
        error = below
    return error


def _explain_cause(error: Exception) -> str:
    cause = _find_cause(error)
    said = getattr(cause, 'strerror', None) or str(cause) or repr(cause)
    # The peer may have written some of it.
    return ''.join(one for one in str(said)[:200] if one.isprintable())
