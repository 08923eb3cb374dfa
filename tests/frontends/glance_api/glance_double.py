"""A Glance as far as it is asked here: images, who may see them, and lies.

In memory, and the same on a real socket with a Keystone beside it.
"""

import urllib.parse

from tests.keystone_double import describe_service
from tests.keystone_double import KeystoneConnection
from tests.keystone_double import KeystoneServer

OTHERS = 'project-a', 'project-b'
HOME = 'project-service'


def make_id(number):
    return f'{number:08x}-0000-4000-8000-00000000cafe'


class GlanceDouble:
    """``images``: id -> (status, visibility, owner).

    ``admin`` sees all; anybody else what is public, or of their own project.
    ``requests`` are the ids that were asked for, '' for the list;  ``before``
    is called with the number of each.
    """

    def __init__(self, count=0, *, admin=True):
        self.images = {
            make_id(number): ('active', 'public', OTHERS[0])
            for number in range(count)
        }
        for number, owner in enumerate((*OTHERS, HOME)):
            private = 'active', 'private', owner
            self.images[make_id(number + 1000)] = private
        self.admin = admin
        self.requests = []
        self.before = lambda number: None

    def set_status(self, number, status):
        self.images[make_id(number)] = (status, 'public', OTHERS[0])

    def delete(self, *numbers):
        for number in numbers:
            del self.images[make_id(number)]

    # As the connection of ours does it, without a socket in between.

    def list_private(self):
        self._note('')
        return [
            {'id': one, 'owner': owner, 'visibility': visibility}
            for one, (_, visibility, owner) in self.images.items()
            if visibility == 'private' and self._is_seen(one)
        ]

    def look_up(self, image_id):
        self._note(image_id)
        if image_id in self.images and self._is_seen(image_id):
            return self.images[image_id][0]
        return None

    def _note(self, what):
        self.before(len(self.requests))
        self.requests.append(what)

    def _is_seen(self, image_id):
        _, visibility, owner = self.images[image_id]
        return self.admin or visibility == 'public' or owner == HOME


class _Connection(KeystoneConnection):
    def do_GET(self):
        if self.is_for_keystone:
            self.send_version()
        elif self.is_welcome:
            self.answer_glance()
        else:
            self.send(401, {}, {'message': 'no'})

    def answer_glance(self):
        world = self.world
        number = len(world.paths)
        world.paths.append(self.path)
        world.headers.append(dict(self.headers))
        told = world.lie(number, self.path, world.answer(self.path))
        if told is None:
            world.stopped.wait(60)
            self.close_connection = True
        else:
            self.send(*told)


class GlanceServer(KeystoneServer):
    """The same on a real socket.

    ``lie`` is given the number of a question, its path and the answer that
    would be sent (status, headers, body), and gives what is sent instead.
    """

    connection = _Connection

    def __init__(self, glance):
        self.glance = glance
        self.lie = lambda number, path, answer: answer
        self.paths = []
        self.headers = []
        super().__init__()

    def list_catalog(self):
        return [describe_service('image', self.url)]

    def answer(self, path):
        parts = urllib.parse.urlsplit(path)
        if parts.path == '/v2/images':
            query = dict(urllib.parse.parse_qsl(parts.query))
            assert query['visibility'] == 'private'
            images = self.glance.list_private()[: int(query['limit'])]
            body = {'images': images, 'schema': '/v2/schemas/images'}
            return 200, {}, body
        image_id = parts.path.removeprefix('/v2/images/')
        status = self.glance.look_up(image_id)
        if status is not None:
            return 200, {}, {'id': image_id, 'status': status}
        return 404, {}, say_none(image_id)


def say_none(image_id):
    """Give what Glance 33 says of an image that it has not."""
    return {
        'message': f'No image found with ID {image_id}<br /><br />\n\n\n',
        'code': '404 Not Found',
        'title': 'Not Found',
    }
