"""A Keystone as far as it is asked here: it gives out tokens.

What is asked with them is of the service beside it, at the same address.
"""

from tests.loopback import HttpConnection
from tests.loopback import Loopback

FROM, UNTIL = '2026-01-01T00:00:00.000000Z', '2099-01-01T00:00:00.000000Z'


class KeystoneServer(Loopback):
    """``tokens`` are those that are taken; None: any.

    ``given`` counts those that were given out.
    """

    def __init__(self, certificate=None):
        self.tokens = None
        self.given = 0
        super().__init__(certificate)

    def list_catalog(self):
        """Give what there is beside it, for who has a token."""
        return []

    def give_token(self):
        self.given += 1
        token = f'token-{self.given}'
        if self.tokens is not None:
            self.tokens.add(token)
        return token

    def takes(self, token):
        return self.tokens is None or token in self.tokens


class KeystoneConnection(HttpConnection):
    """Answers who wants a token, or to know whom to ask for one."""

    @property
    def is_for_keystone(self):
        return self.path.startswith('/v3')

    @property
    def is_welcome(self):
        return self.world.takes(self.headers.get('X-Auth-Token'))

    def send_version(self):
        links = [{'rel': 'self', 'href': f'{self.world.url}/v3/'}]
        version = {'id': 'v3.14', 'status': 'stable', 'links': links}
        self.send(200, {}, {'version': version})

    def do_POST(self):
        self.read_body()
        found = {
            'methods': ['password'],
            'expires_at': UNTIL,
            'issued_at': FROM,
            'user': {'id': 'u', 'name': 'n', 'domain': {'id': 'd'}},
            'catalog': self.world.list_catalog(),
        }
        headers = {'X-Subject-Token': self.world.give_token()}
        self.send(201, headers, {'token': found})


def describe_service(kind, url):
    """Give a row of a catalog."""
    endpoint = {
        'id': 'e',
        'interface': 'public',
        'region': 'R',
        'region_id': 'R',
        'url': url,
    }
    return {'id': 'c', 'type': kind, 'endpoints': [endpoint]}
