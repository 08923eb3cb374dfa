"""Over real sockets: no answer but Glance's own ever retires an image."""

from oslo_config import cfg
import pytest

from imagecache_handlers.exceptions import ConfigurationError
from imagecache_handlers.exceptions import ImageServiceUnavailable
from imagecache_handlers.frontends.glance_api.retired import load_retired
from imagecache_handlers.model import Retired
from imagecache_handlers.sources import opts
from tests.frontends.glance_api.glance_double import GlanceDouble
from tests.frontends.glance_api.glance_double import GlanceServer
from tests.frontends.glance_api.glance_double import make_id
from tests.frontends.glance_api.glance_double import say_none

IDS = [make_id(number) for number in range(6)]
HTML = b'<html><body>Log in first: /v2/images</body></html>'


@pytest.fixture
def server():
    glance = GlanceDouble(6)
    glance.delete(0)
    glance.set_status(1, 'deactivated')
    with GlanceServer(glance) as found:
        yield found


def load(**given):
    conf = cfg.ConfigOpts()
    conf([])
    opts.register_opts(conf)
    for key, value in given.items():
        conf.set_override(key, value, opts.GROUP)
    return load_retired(conf)


def open_glance(server, path='', **given):
    more = {'timeout_seconds': 1, **given}
    return load(auth_type='none', endpoint=server.url + path, **more)


def log_in(server):
    return load(
        auth_type='password',
        auth_url=f'{server.url}/v3',
        username='cache',
        password='a-secret',
        project_name='service',
        user_domain_id='default',
        project_domain_id='default',
        insecure=True,
        endpoint=server.url,
        timeout_seconds=2,
    )


@pytest.mark.parametrize('path', ['', '/', '/v2', '/v2/'])
def test_the_truth_is_told(server, path):
    said = open_glance(server, path)(IDS)
    assert said == {IDS[0]: Retired.DELETED, IDS[1]: Retired.DEACTIVATED}
    assert {one['Cache-Control'] for one in server.headers} == {'no-cache'}
    assert {one['Accept'] for one in server.headers} == {'application/json'}


def at(place, *told):
    """Lie to the question of that number, the first being 0."""

    def lie(number, path, answer):
        return told if number == place else answer

    return lie


def to_all(*told):
    return lambda number, path, answer: told


def to_images(*told):
    return lambda number, path, answer: told if number else answer


def moved(place):
    return {'Location': place}


MISSING_PATH = f'/v2/images/{IDS[0]}'


# What gateways say of a path that leads nowhere.
GATEWAYS = {
    'timestamp': '2026-11-30T12:00:00Z',
    'status': 404,
    'error': 'Not Found',
    'message': f'no static resource {IDS[0]}',
    'path': MISSING_PATH,
}
NOT_JSON = [(404, {}, HTML), (200, {}, HTML), (404, {}, b''), (200, {}, b'')]
LIES = {
    'all 404 and HTML': to_all(404, {}, HTML),
    'all 404 and JSON': to_all(404, {}, {'message': 'not here'}),
    'all 404 and another JSON': to_all(404, {}, {'error': {'code': 404}}),
    'all HTML': to_all(200, {}, HTML),
    'an empty list of everything': to_all(200, {}, {'images': []}),
    'all 503': to_all(503, {}, b''),
    'all 401': to_all(401, {}, b''),
    'all 403': to_all(403, {}, b''),
    'all elsewhere': to_all(302, moved('http://192.0.2.1/'), b''),
    'all to itself': to_all(302, moved('/v2/images/'), b''),
    'a list of no objects': at(
        0, 200, {}, {'images': [1], 'schema': '/v2/schemas/images'}
    ),
    'a list that is none': at(
        0, 200, {}, {'images': {}, 'schema': '/v2/schemas/images'}
    ),
    'a list of another kind': at(
        0, 200, {}, {'images': [], 'schema': '/v2/schemas/members'}
    ),
    'no list': at(0, 404, {}, {'images': [], 'schema': '/v2/schemas/images'}),
    'a 404 that names no image': to_images(404, {}, {'message': 'not here'}),
    'a 404 of another image': to_images(404, {}, say_none(make_id(77))),
    'a 404 of a gateway that names the image': at(1, 404, {}, GATEWAYS),
    'a 404 of another service that repeats the path': at(
        1, 404, {}, say_none(IDS[0]) | {'message': f'no {MISSING_PATH}'}
    ),
    'a 410': at(2, 410, {}, say_none(IDS[1])),
    'another image': at(3, 200, {}, {'id': IDS[4], 'status': 'deleted'}),
    'no status': at(3, 200, {}, {'id': IDS[2]}),
    'a status that is no word': at(3, 200, {}, {'id': IDS[2], 'status': 4}),
    'a list for an image': at(3, 200, {}, [{'id': IDS[2]}]),
    'a word for an image': at(3, 200, {}, b'"deleted"'),
    'an answer that is too deep': at(3, 200, {}, b'[' * 100_000),
    'an answer that is too long': at(3, 200, {}, b' ' * (32 * 2**20 + 1)),
    'half an answer': at(3, 200, {}, b'{"id": "'),
    'a number beyond measure': at(3, 200, {}, b'{"id": ' + b'9' * 5000 + b'}'),
    'what is no UTF-8': at(3, 200, {}, b'{"id": "\xff"}'),
    '300 half-way': at(3, 300, {}, {'choices': []}),
    '401 half-way': at(3, 401, {}, {'message': 'no'}),
    '403 half-way': at(3, 403, {}, {'message': 'no'}),
    '429 half-way': at(3, 429, {}, b''),
    '500 half-way': at(3, 500, {}, b''),
    '503 half-way': at(3, 503, {}, b''),
    'elsewhere half-way': at(3, 302, moved('http://192.0.2.1/'), b''),
    'a page to log in half-way': at(3, 302, moved('/login'), b''),
    'an error when asked once more': at(7, 503, {}, b''),
    'HTML when asked once more': at(7, 404, {}, HTML),
    'an error at the end': at(8, 503, {}, b''),
    'HTML at the end': at(8, 200, {}, HTML),
} | {
    f'{status} and {len(body)} bytes half-way': at(3, status, {}, body)
    for status, _, body in NOT_JSON
}


@pytest.mark.parametrize('lie', LIES.values(), ids=LIES.keys())
def test_no_lie_retires_an_image(server, lie):
    server.lie = lie
    with pytest.raises(ImageServiceUnavailable):
        open_glance(server)(IDS)


@pytest.mark.parametrize(
    ('status', 'said'),
    [(401, 'credentials'), (403, 'forbidden'), (503, 'out of service')],
)
def test_what_is_wrong_is_told(server, status, said):
    server.lie = at(3, status, {}, say_none(IDS[2]))
    with pytest.raises(ImageServiceUnavailable, match=said):
        open_glance(server)(IDS)


def test_one_that_has_nothing_but_speaks_as_glance_retires_nothing(server):
    """As with the address of another region."""
    for number in range(6):
        server.glance.images.pop(make_id(number), None)
    assert open_glance(server)(IDS) == {}


def test_one_that_says_nothing_is_not_waited_for(server):
    server.lie = lambda number, path, answer: None if number == 3 else answer
    with pytest.raises(ImageServiceUnavailable, match='within 1 s'):
        open_glance(server)(IDS)


def test_nobody_waits_long_for_what_changes_an_order_only(server):
    retired = open_glance(server, timeout_seconds=600)
    assert retired._glance._login.options.timeout == 10
    assert open_glance(server)._glance._login.options.timeout == 1


def test_one_that_is_not_there():
    with GlanceServer(GlanceDouble()) as gone:
        retired = open_glance(gone)
    with pytest.raises(ImageServiceUnavailable, match=r'127\.0\.0\.1'):
        retired(IDS)


def test_a_token_that_ends_half_way_is_renewed(server):
    server.tokens = set()
    retired = log_in(server)

    def end_token(number, path, answer):
        if number == 3:
            server.tokens.clear()
        return answer

    server.lie = end_token
    assert retired(IDS)[IDS[0]] is Retired.DELETED
    assert server.given == 2


def test_of_several_regions_one_has_to_be_named():
    login = {
        'auth_type': 'password',
        'auth_url': 'https://127.0.0.1:5000/v3',
        'password': 'a-secret',
    }
    with pytest.raises(ConfigurationError, match='region_name, or endpoint'):
        load(**login)
    assert load(**login, region_name='R')


def test_what_the_options_lack_is_said_before_anybody_is_asked():
    with pytest.raises(ConfigurationError, match='imagecache_glance'):
        load()
