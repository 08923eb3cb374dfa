"""The same over real sockets, as operators configure it."""

from oslo_config import cfg
import pytest

from imagecache_handlers.clocks import utc_now
from imagecache_handlers.exceptions import ConfigurationError
from imagecache_handlers.exceptions import EvidenceUnavailable
from imagecache_handlers.frontends.nova_api.users import load_users
from tests.frontends.nova_api.nova_double import make_machines
from tests.frontends.nova_api.nova_double import NovaDouble
from tests.frontends.nova_api.nova_double import NovaServer

TOLD = {'OpenStack-API-Version': 'compute 2.69'}


@pytest.fixture
def server():
    with NovaServer(NovaDouble(make_machines(12), max_limit=5)) as found:
        yield found


def load(**given):
    from imagecache_handlers.sources import opts
    from imagecache_handlers.sources.services import NOVA

    conf = cfg.ConfigOpts()
    conf([])
    opts.register_opts(conf, NOVA)
    for key, value in given.items():
        conf.set_override(key, value, 'imagecache_nova')
    return load_users(conf, complete=True, clock=utc_now)


def open_nova(server, path='', **given):
    return load(
        auth_type='none',
        endpoint=server.url + path,
        timeout_seconds=2,
        **given,
    )


def log_in(server):
    return load(
        auth_type='password',
        auth_url=f'{server.url}/v3',
        endpoint=f'{server.url}/v2.1',
        username='cache',
        password='a-secret',
        project_name='service',
        user_domain_id='default',
        project_domain_id='default',
        insecure=True,
        timeout_seconds=2,
    )


def refusal(users):
    with pytest.raises(EvidenceUnavailable) as caught:
        users()
    return str(caught.value)


@pytest.mark.parametrize('path', ['', '/', '/v2.1', '/v2.1/'])
def test_all_servers_are_told(server, path):
    said = open_nova(server, path)()
    assert said.complete
    assert sum(map(len, said.users.values())) == 12


def test_a_proxy_is_asked_for_nothing_that_it_has_kept(server):
    open_nova(server)()
    assert server.caching == {'no-cache'}


def test_a_token_that_ends_half_way_is_renewed_once(server):
    server.tokens = set()
    users = log_in(server)

    def end_tokens(page):
        if page == 1:
            server.tokens.clear()

    server.nova.before = end_tokens
    assert users().complete
    # The request that ended it had its answer, the one after it had none.
    assert server.given == 2


def test_where_no_token_is_taken_nothing_is_asked_for_ever(server):
    class Nobody(set):
        def __contains__(self, token):
            return False

    server.tokens = Nobody()
    assert 'does not take these credentials' in refusal(log_in(server))
    assert server.given == 2


def test_who_may_not_list_all_projects_is_told_so(server):
    server.nova.admin = False
    said = refusal(open_nova(server))
    assert '403' in said
    assert 'administrators' in said


def test_an_old_nova_is_told_so(server):
    server.nova.newest = (2, 60)
    assert 'Train' in refusal(open_nova(server))


def test_an_endpoint_of_something_else_is_told_so(server):
    assert '404' in refusal(open_nova(server, '/v2.1/nothing'))


@pytest.mark.parametrize('at', [0, 1, 3])
@pytest.mark.parametrize(
    ('answer', 'why'),
    [
        ((503, TOLD, b'<html>no</html>'), 'out of service'),
        ((500, TOLD, {'computeFault': {}}), 'it has failed'),
        ((429, TOLD, b''), 'asked too often'),
        ((302, {**TOLD, 'Location': 'http://127.0.0.9/'}, b''), 'sends us'),
        ((200, TOLD, b'<html>Sign in</html>'), 'no JSON'),
        ((200, TOLD, b'{"servers": ['), 'no JSON'),
        ((200, TOLD, b''), 'no JSON'),
        ((200, TOLD, []), 'nothing of Nova'),
        ((200, {}, {'servers': []}), 'not one of Nova'),
        ((404, {}, b'<html>no</html>'), 'not one of Nova'),
        (
            (200, {'OpenStack-API-Version': 'compute 2.1'}, {'servers': []}),
            'not one of Nova',
        ),
    ],
)
def test_whatever_else_is_answered_is_an_error(server, at, answer, why):
    if at == 0:
        # The first request is in another version.
        status, headers, body = answer
        if headers.get('OpenStack-API-Version') == 'compute 2.69':
            headers = {**headers, 'OpenStack-API-Version': 'compute 2.75'}
        answer = status, headers, body
    server.answers = [None] * at + [answer]
    assert why in refusal(open_nova(server))


def test_nobody_who_listens_is_an_error(server):
    users = open_nova(server)
    server.__exit__()
    assert 'does not tell who uses what' in refusal(users)


def test_the_options_are_named_by_their_group():
    with pytest.raises(ConfigurationError, match=r'\[imagecache_nova\] auth'):
        load()
    with pytest.raises(ConfigurationError, match=r'\[imagecache_nova\] end'):
        load(auth_type='none')


def test_of_several_regions_none_is_taken_for_all():
    login = {
        'auth_type': 'password',
        'auth_url': 'https://keystone.example.org/v3',
        'password': 'a-secret',
    }
    with pytest.raises(ConfigurationError, match='region_name'):
        load(**login)
    load(**login, region_name='R')
