"""A Glance as far as it is asked here: images, who may see them, and lies.

In memory, and the same on a real socket with a Keystone beside it.
"""

import http.server
import json
import threading
import urllib.parse

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


class GlanceServer:
    """The same on a real socket.

    ``lie`` is given the number of a question, its path and the answer that
    would be sent (status, headers, body), and gives what is sent instead.
    """

    def __init__(self, glance):
        self.glance = glance
        self.lie = lambda number, path, answer: answer
        self.tokens = None  # those that are taken; None: any
        self.given = 0
        self.paths = []
        self.headers = []
        self.stopped = threading.Event()

        class Handler(_Handler):
            world = self

        self._server = _Server(('127.0.0.1', 0), Handler)
        self.url = f'http://127.0.0.1:{self._server.server_address[1]}'
        threading.Thread(
            target=self._server.serve_forever, args=[0.01], daemon=True
        ).start()

    def __enter__(self):
        return self

    def __exit__(self, *ignored):
        self.stopped.set()
        self._server.shutdown()
        self._server.server_close()

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


class _Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *ignored):
        """Say nothing of clients that have gone."""


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = 'HTTP/1.1'
    world: GlanceServer

    def log_message(self, *ignored):
        pass

    def do_GET(self):
        world = self.world
        if self.path.startswith('/v3'):
            links = [{'rel': 'self', 'href': f'{world.url}/v3/'}]
            version = {'id': 'v3.14', 'status': 'stable', 'links': links}
            self.send(200, {}, {'version': version})
            return
        token = self.headers.get('X-Auth-Token')
        if world.tokens is not None and token not in world.tokens:
            self.send(401, {}, {'message': 'no'})
            return
        number = len(world.paths)
        world.paths.append(self.path)
        world.headers.append(dict(self.headers))
        told = world.lie(number, self.path, world.answer(self.path))
        if told is None:
            world.stopped.wait(60)
            self.close_connection = True
        else:
            self.send(*told)

    def do_POST(self):
        world = self.world
        self.rfile.read(int(self.headers['Content-Length']))
        world.given += 1
        token = f'token-{world.given}'
        if world.tokens is not None:
            world.tokens.add(token)
        endpoint = {
            'id': 'e',
            'interface': 'public',
            'region': 'R',
            'region_id': 'R',
            'url': world.url,
        }
        found = {
            'methods': ['password'],
            'expires_at': '2099-01-01T00:00:00.000000Z',
            'issued_at': '2026-01-01T00:00:00.000000Z',
            'user': {'id': 'u', 'name': 'n', 'domain': {'id': 'd'}},
            'catalog': [{'id': 'c', 'type': 'image', 'endpoints': [endpoint]}],
        }
        self.send(201, {'X-Subject-Token': token}, {'token': found})

    def send(self, status, headers, body):
        content = (
            body if isinstance(body, bytes) else json.dumps(body).encode()
        )
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header('Content-Length', str(len(content)))
        self.end_headers()
        self.wfile.write(content)
