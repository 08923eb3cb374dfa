"""Whom a source trusts, whatever the environment says."""

import socket

import pytest

from imagecache_handlers.exceptions import SourceError
from tests.sources.given import log_in
from tests.sources.given import open_glance
from tests.sources.lying_server import IMAGE
from tests.sources.lying_server import LyingServer
from tests.xenapi.certificates import files
from tests.xenapi.certificates import NAMES

ELSEWHERE = 'subjectAltName=DNS:elsewhere.example.org'
VARIABLES = 'REQUESTS_CA_BUNDLE', 'CURL_CA_BUNDLE', 'SSL_CERT_FILE'


def open_server(names):
    return LyingServer(files(names))


def test_who_is_not_known_is_not_trusted():
    with open_server(NAMES) as server, pytest.raises(SourceError) as caught:
        open_glance(server).describe(IMAGE)
    assert 'set ca_file' in str(caught.value)
    assert not caught.value.retry
    assert server.requests == []


def test_who_is_named_by_ca_file_is():
    with open_server(NAMES) as server:
        source = open_glance(server, ca_file=files(NAMES)[0])
        assert source.describe(IMAGE).image_id == IMAGE


@pytest.mark.parametrize('variable', VARIABLES)
def test_no_variable_has_others_trusted(variable, monkeypatch):
    with open_server(ELSEWHERE) as wrong, open_server(NAMES) as server:
        source = open_glance(server, ca_file=files(ELSEWHERE)[0])
        monkeypatch.setenv(variable, files(NAMES)[0])
        with pytest.raises(SourceError, match='not trusted'):
            source.describe(IMAGE)
        assert wrong.requests == []


@pytest.mark.parametrize('variable', VARIABLES)
def test_no_variable_has_ca_file_forgotten(variable, monkeypatch):
    with open_server(NAMES) as server:
        monkeypatch.setenv(variable, files(ELSEWHERE)[0])
        source = open_glance(server, ca_file=files(NAMES)[0])
        source.describe(IMAGE)


def test_a_certificate_of_somebody_else_is_not_trusted():
    with open_server(ELSEWHERE) as server:
        source = open_glance(server, ca_file=files(ELSEWHERE)[0])
        with pytest.raises(SourceError, match='not trusted'):
            source.describe(IMAGE)


def test_no_bundle_is_added(monkeypatch):
    """As requests does with its own, whatever the context trusts."""
    monkeypatch.setattr(
        'requests.adapters.DEFAULT_CA_BUNDLE_PATH', files(NAMES)[0]
    )
    with open_server(NAMES) as server:
        source = open_glance(server, ca_file=files(ELSEWHERE)[0])
        with pytest.raises(SourceError, match='not trusted'):
            source.describe(IMAGE)


def test_a_name_that_leads_to_this_host_is_not_asked(monkeypatch):
    real = socket.getaddrinfo

    def lead_here(host, *arguments, **keywords):
        return real('127.0.0.1', *arguments, **keywords)

    with open_server(ELSEWHERE) as server:
        server.url = f'https://elsewhere.example.org:{server.port}'
        source = open_glance(server, ca_file=files(ELSEWHERE)[0])
        monkeypatch.setattr(socket, 'getaddrinfo', lead_here)
        with pytest.raises(SourceError, match='stands for 127.0.0.1'):
            source.describe(IMAGE)
    assert server.requests == []


@pytest.mark.filterwarnings('ignore:Unverified HTTPS request')
def test_insecure_takes_any():
    with open_server(ELSEWHERE) as server:
        source = open_glance(server, insecure=True)
        assert source.describe(IMAGE).image_id == IMAGE


def test_keystone_is_verified_as_well():
    with open_server(NAMES) as server, pytest.raises(SourceError) as caught:
        log_in(server, insecure=False).describe(IMAGE)
    assert caught.value.source == 'Keystone'
    assert not caught.value.retry
    assert server.requests == []


@pytest.mark.parametrize('variable', ['http_proxy', 'ALL_PROXY'])
def test_no_variable_has_others_asked(variable, monkeypatch):
    monkeypatch.setenv(variable, 'http://127.0.0.1:1')
    with LyingServer() as server:
        assert open_glance(server).describe(IMAGE).image_id == IMAGE
