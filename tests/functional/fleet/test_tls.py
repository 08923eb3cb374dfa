"""Boards over TLS: whom they are trusted by, and what is said if not."""

import uuid

import pytest

from imagecache_handlers.frontends.fleet.board import BoardLost
from tests.functional.fleet.authorities import make_certificates
from tests.functional.fleet.servers import Etcd
from tests.functional.fleet.servers import PASSWORD
from tests.functional.fleet.servers import Redis

VARIABLES = 'REQUESTS_CA_BUNDLE', 'CURL_CA_BUNDLE', 'SSL_CERT_FILE'


class SecureEtcd(Etcd):
    """One that lets in whom its authority knows."""

    def url_by(self, authority, host='host'):
        url = f'etcd3+https://127.0.0.1:{self.port}?ca_cert={authority}.pem'
        return url + (host and f'&cert_cert={host}.pem&cert_key={host}.key')

    @property
    def url(self):
        return self.url_by('ours')

    def command(self):
        address = f'https://127.0.0.1:{self.port}'
        return [
            f'--data-dir={self.folder / "data"}',
            f'--listen-client-urls={address}',
            f'--advertise-client-urls={address}',
            '--listen-peer-urls=http://127.0.0.1:0',
            '--unsafe-no-fsync',
            *('--cert-file=server.pem', '--key-file=server.key'),
            *('--trusted-ca-file=ours.pem', '--client-cert-auth'),
        ]


class SecureRedis(Redis):
    """The same."""

    def url_by(self, authority, host='host'):
        url = f'rediss://:{PASSWORD}@127.0.0.1:{self.port}/0'
        url += f'?ssl_ca_certs={authority}.pem'
        files = f'&ssl_certfile={host}.pem&ssl_keyfile={host}.key'
        return url + (host and files)

    @property
    def url(self):
        return self.url_by('ours')

    def command(self):
        return [
            *('--bind', '127.0.0.1', '--port', '0', '--tls-port', self.port),
            *('--requirepass', PASSWORD, '--save', ''),
            *('--tls-cert-file', 'server.pem', '--tls-key-file', 'server.key'),
            *('--tls-ca-cert-file', 'ours.pem'),
        ]


@pytest.fixture(scope='module', params=[SecureEtcd, SecureRedis])
def secure(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp('tls')
    make_certificates(folder)
    with pytest.MonkeyPatch.context() as patch:
        # So that the URLs can say where their files are.
        patch.chdir(folder)
        one = request.param(folder)
        one.start()
        yield one
        one.kill()


def ask(secure, url):
    return secure.board(uuid.uuid4().hex, url).read_all('hosts')


def test_who_is_known_to_that_authority_is_asked(secure):
    assert ask(secure, secure.url) == {}


@pytest.mark.parametrize('variable', VARIABLES)
def test_no_variable_has_that_authority_forgotten(
    secure, variable, monkeypatch
):
    monkeypatch.setenv(variable, 'theirs.pem')
    assert ask(secure, secure.url) == {}


@pytest.mark.parametrize('variable', VARIABLES)
def test_no_variable_has_others_trusted(secure, variable, monkeypatch):
    monkeypatch.setenv(variable, 'ours.pem')
    with pytest.raises(BoardLost, match='is not trusted: '):
        ask(secure, secure.url_by('theirs'))


def test_the_name_of_another_is_said(secure):
    url = secure.url.replace('127.0.0.1', 'localhost')
    with pytest.raises(BoardLost, match='is not trusted: .*mismatch'):
        ask(secure, url)


def test_who_wants_a_certificate_of_the_host_gets_one(secure):
    # What is said first, the reason or the end, is a race.
    with pytest.raises(BoardLost, match='over TLS: |cannot be reached'):
        ask(secure, secure.url_by('ours', host=''))


def test_no_variable_leads_by_a_proxy(secure, monkeypatch):
    monkeypatch.setenv('https_proxy', 'http://127.0.0.1:1')
    assert ask(secure, secure.url) == {}
