"""Connection: what Glance answers to a question, checked and as a value."""

from collections.abc import Mapping
from typing import Any
from typing import Protocol
from typing import TypeGuard

from imagecache_handlers.exceptions import ImageServiceUnavailable
from imagecache_handlers.exceptions import SourceError
from imagecache_handlers.sources.answers import Answer
from imagecache_handlers.sources.asking import ask_service
from imagecache_handlers.sources.asking import read_json
from imagecache_handlers.sources.service_login import ServiceLogin

# Glance sends no more than its api_limit_max, which is that by default; an
# image is told in some KiB.
_PAGE = 1000
_MOST = 32 * 2**20
# Else it tells in HTML what it has not; and what a proxy has kept is of then.
_HEADERS = {'Accept': 'application/json', 'Cache-Control': 'no-cache'}
_NOTHING_OF_GLANCE = 'what it answers is nothing of Glance: check endpoint'


class Asked(Protocol):
    """What is used of a connection."""

    def list_private(self) -> list[dict[str, Any]]: ...

    def look_up(self, image_id: str) -> str | None: ...


class Connection:
    """Questions to a Glance, each by one request, or two for a new token.

    May be used from several threads.  Each question raises
    ``ImageServiceUnavailable`` when anything but an answer of Glance comes.
    """

    def __init__(self, login: ServiceLogin) -> None:
        self._login = login

    def list_private(self) -> list[dict[str, Any]]:
        """Give the newest private images that whoever asks may see."""
        query = f'?visibility=private&limit={_PAGE}'
        answer, body = self._ask(query)
        if answer.status != 200 or body.get('schema') != '/v2/schemas/images':
            raise ImageServiceUnavailable(answer.source, _NOTHING_OF_GLANCE)
        images = body.get('images')
        if not _is_list_of_objects(images):
            raise ImageServiceUnavailable(answer.source, _NOTHING_OF_GLANCE)
        return images

    def look_up(self, image_id: str) -> str | None:
        """Give the status of the image with that UUID; None: it has none."""
        answer, body = self._ask(f'/{image_id}')
        if answer.status == 404 and _says_none(body, image_id):
            return None
        status = body.get('status')
        if (
            answer.status != 200
            or body.get('id') != image_id
            or not isinstance(status, str)
        ):
            raise ImageServiceUnavailable(answer.source, _NOTHING_OF_GLANCE)
        return status

    def _ask(self, path: str) -> tuple[Answer, dict[str, Any]]:
        """Ask for what is at a path below that of all images."""
        try:
            url = f'{self._find_root()}/images{path}'
            with ask_service(self._login, url, _HEADERS) as (answer, pieces):
                answer.check_status(200, 404)
                body = read_json(self._login, answer, pieces, _MOST)
        except SourceError as error:
            raise ImageServiceUnavailable(error.source, error.why) from error
        if not isinstance(body, dict):
            raise ImageServiceUnavailable(answer.source, _NOTHING_OF_GLANCE)
        return answer, body

    def _find_root(self) -> str:
        endpoint = self._login.find_endpoint().rstrip('/')
        return f'{endpoint.removesuffix("/v2")}/v2'


def _says_none(body: Mapping[str, Any], image_id: str) -> bool:
    """Tell if it is Glance that has no such image.

    Whoever else has nothing at that place does not name the image; a gateway
    may repeat the path, but says "not found" in another form.
    """
    message = body.get('message')
    return (
        isinstance(message, str)
        and image_id in message
        and '/' + image_id not in message
        and body.get('code') == '404 Not Found'
    )


def _is_list_of_objects(found: Any) -> TypeGuard[list[dict[str, Any]]]:
    return isinstance(found, list) and all(
        isinstance(one, dict) for one in found
    )
