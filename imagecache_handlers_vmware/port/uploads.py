"""Uploads: files of datastores, sent by HTTP under the cookie of a login."""

from collections.abc import Iterable
import contextlib
import http.client
import urllib.parse

from imagecache_handlers.transport.dialling import explain_cause
from imagecache_handlers.transport.dialling import Http
from imagecache_handlers_vmware.port.connection import COOKIE
from imagecache_handlers_vmware.port.errors import REFUSED
from imagecache_handlers_vmware.port.errors import ReplyLost
from imagecache_handlers_vmware.port.errors import VimFault

METHOD = 'PUT /folder'
DISK = 'PUT /nfc'
# As Nova sends them: the disk of a lease is there already, and empty.
_HEADERS = {
    METHOD: {'Content-Type': 'application/octet-stream'},
    DISK: {'Content-Type': 'binary/octet-stream', 'Overwrite': 't'},
}

_DONE = (http.client.OK, http.client.CREATED)
_ANSWER = 2**16


def target_of(path: str, datastore: str, datacenter: str) -> str:
    """Give the address of a file, by the path of its datacenter.

    That is the inventory path, names with a slash in between.
    """
    query = urllib.parse.urlencode(
        {'dcPath': datacenter, 'dsName': datastore},
        quote_via=urllib.parse.quote,
    )
    return f'/folder/{urllib.parse.quote(path)}?{query}'


def send_file(
    connection: Http,
    target: str,
    cookie: str,
    chunks: Iterable[bytes],
    size: int,
    called: str = METHOD,
) -> bool:
    """Send a file of so many bytes, in place of what has its name.

    Gives False when that was said to be done before all was sent: whether it
    arrived whole is for a search to tell, as not every status is known.
    What ``chunks`` raises ends it at once; what came up to there stays.

    ``called`` is METHOD or DISK, by which errors call it.  Without a cookie
    the address itself is the secret that lets it in.

    :raises VimFault: when it was refused.
    :raises ReplyLost: when it may be there, whole or in part.
    """
    try:
        connection.line.begin(_ANSWER)
        connection.putrequest('PUT', target)
        if cookie:
            connection.putheader('Cookie', f'{COOKIE}={cookie}')
        for name, value in _HEADERS[called].items():
            connection.putheader(name, value)
        connection.putheader('Content-Length', str(size))
        connection.endheaders()
        try:
            is_sent = _send_chunks(connection, chunks)
        # Ctrl-C too: whoever removes what came up to here shall find it all.
        except BaseException:
            connection.line.break_off()
            raise
        answer = connection.getresponse()
    except (OSError, http.client.HTTPException) as error:
        raise ReplyLost(f'{called}: {explain_cause(error)}') from error
    with contextlib.closing(answer):
        _check_status(answer, called)
    return is_sent


def _send_chunks(connection: Http, chunks: Iterable[bytes]) -> bool:
    """Send all, or as much as is taken; tell if that is all."""
    for chunk in chunks:
        # Each has its own time: how long a disk takes, nobody knows.
        connection.line.begin(_ANSWER)
        try:
            connection.line.sendall(chunk)
        except (BrokenPipeError, ConnectionResetError):
            # The answer may be there, and say why.
            return False
    return True


def _check_status(answer: http.client.HTTPResponse, called: str) -> None:
    if answer.status in _DONE:
        return
    what = f'HTTP {answer.status} {answer.reason[:100]}'
    if answer.status in REFUSED:
        raise VimFault(called, REFUSED[answer.status], what)
    raise ReplyLost(f'{called}: {what}')
