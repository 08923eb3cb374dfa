"""Metrics over HTTP: who is served, who is not, and who does no harm."""

import base64
import contextlib
import http.client
import socket
import ssl
import subprocess
import sys
import threading
import time
import urllib.parse

import pytest

from imagecache_handlers.exceptions import ConfigurationError
from imagecache_handlers.frontends.metrics.place import parse_place
from imagecache_handlers.frontends.metrics.place import Place
from imagecache_handlers.frontends.metrics.record import Record
from imagecache_handlers.frontends.metrics import scrapes
from imagecache_handlers.frontends.metrics import serving
from imagecache_handlers.frontends.metrics.serving import serve_metrics
from imagecache_handlers.frontends.metrics.serving import ServingError

WORD = 'prom:s3cret'


@contextlib.contextmanager
def served(host='127.0.0.1', **others):
    place = Place(host=host, port=0, **others)
    with serve_metrics(place, Record()) as done:
        yield urllib.parse.urlsplit(done.address)


def get(at, path='/metrics', word=None, method='GET', **others):
    if at.scheme == 'https':
        link = http.client.HTTPSConnection(at.hostname, at.port, **others)
    else:
        link = http.client.HTTPConnection(at.hostname, at.port, timeout=30)
    headers = {}
    if word is not None:
        said = base64.b64encode(word.encode()).decode()
        headers['Authorization'] = f'Basic {said}'
    with contextlib.closing(link):
        link.request(method, path, headers=headers)
        answer = link.getresponse()
        return answer.status, answer.read().decode()


def is_whole(answer):
    status, text = answer
    return status == 200 and 'imagecache_build_info{' in text


def test_metrics_are_served_and_nothing_else():
    with served() as at:
        assert at.path == '/metrics'
        assert is_whole(get(at))
        _, text = get(at, '/metrics?name[]=imagecache_freed_bytes_total')
        lines = [one for one in text.splitlines() if one[0] != '#']
        assert lines == ['imagecache_freed_bytes_total 0.0']
        for path in '/', '/metrics/', '/../etc/passwd', '/x/metrics':
            assert get(at, path) == (404, ''), path
        assert get(at, method='POST')[0] == 501


def test_the_loopback_of_ipv6_can_be_named():
    with served('::1') as at:
        assert at.hostname == '::1'
        assert is_whole(get(at))


def test_a_busy_port_is_refused():
    with served() as at:
        place = Place(host='127.0.0.1', port=at.port)
        with (
            pytest.raises(ServingError, match='Address already in use'),
            serve_metrics(place, Record()),
        ):
            pass


@pytest.mark.parametrize('host', ['203.0.113.1', 'no such host.invalid'])
def test_an_address_of_others_is_refused(host):
    place = Place(host=host, port=0)
    with pytest.raises(ServingError), serve_metrics(place, Record()):
        pass


def test_once_it_ends_the_port_is_free():
    with served() as at:
        pass
    with serve_metrics(Place(host='127.0.0.1', port=at.port), Record()):
        pass


@pytest.mark.parametrize(
    ('text', 'expected'),
    [
        ('127.0.0.1:9185', ('127.0.0.1', 9185)),
        ('9185', ('127.0.0.1', 9185)),
        (':9185', ('127.0.0.1', 9185)),
        ('[::1]:80', ('::1', 80)),
        ('host.example:0', ('host.example', 0)),
    ],
)
def test_a_place_is_read(text, expected):
    assert parse_place(text) == expected


@pytest.mark.parametrize(
    'text', ['', 'host', 'host:', 'host:http', 'host:65536', ':-1', ':٣']
)
def test_what_names_no_place_is_refused(text):
    with pytest.raises(ValueError, match='HOST:PORT'):
        parse_place(text)


@pytest.fixture
def auth(tmp_path):
    file = tmp_path / 'auth'
    file.write_text(f'{WORD}\n')
    file.chmod(0o600)
    return str(file)


def test_who_does_not_know_the_word_is_told_nothing(auth):
    with served(auth=auth) as at:
        assert is_whole(get(at, word=WORD))
        for word in None, '', 'prom:', 'prom:s3cre', 'prom:s3cret ', 'x:é':
            assert get(at, word=word) == (401, ''), word
        assert get(at, '/', word=None) == (401, '')


@pytest.mark.parametrize('said', ['', 'prom', ':x', 'prom:', 'a:b\nc:d'])
def test_a_file_that_holds_no_word_is_refused(said, tmp_path):
    file = tmp_path / 'auth'
    file.write_text(said)
    file.chmod(0o600)
    with (
        pytest.raises(ConfigurationError, match='user:password'),
        served(auth=str(file)),
    ):
        pass


def test_a_word_that_everybody_may_read_is_refused(auth, tmp_path):
    (tmp_path / 'auth').chmod(0o644)
    with (
        pytest.raises(ConfigurationError, match='chmod o-r'),
        served(auth=auth),
    ):
        pass


def test_a_word_in_no_file_is_refused(tmp_path):
    for path in tmp_path, tmp_path / 'nowhere':
        with (
            pytest.raises(ConfigurationError, match='cannot be read'),
            served(auth=str(path)),
        ):
            pass


@pytest.fixture(scope='module')
def pair(tmp_path_factory):
    """Make a certificate for the loopback address, and its key."""
    folder = tmp_path_factory.mktemp('tls')
    cert, key = folder / 'cert.pem', folder / 'key.pem'
    subprocess.run(  # noqa: S603 -- of constants
        [
            *('openssl', 'req', '-x509', '-newkey', 'ec', '-nodes'),
            *('-pkeyopt', 'ec_paramgen_curve:prime256v1', '-days', '2'),
            *(
                '-subj',
                '/CN=metrics',
                '-addext',
                'subjectAltName=IP:127.0.0.1',
            ),
            *('-keyout', key, '-out', cert),
        ],
        check=True,
        capture_output=True,
    )
    return {'cert': str(cert), 'key': str(key)}


@pytest.fixture
def other_key(tmp_path):
    key = tmp_path / 'other.pem'
    subprocess.run(  # noqa: S603 -- of constants
        [  # noqa: S607
            *('openssl', 'genpkey', '-algorithm', 'EC', '-out', key),
            *('-pkeyopt', 'ec_paramgen_curve:prime256v1'),
        ],
        check=True,
        capture_output=True,
    )
    return str(key)


def test_over_tls_it_is_told_to_who_trusts_us(pair, auth):
    trusting = ssl.create_default_context(cafile=pair['cert'])
    with served(auth=auth, **pair) as at:
        assert at.scheme == 'https'
        assert is_whole(get(at, word=WORD, context=trusting))
        with pytest.raises(ssl.SSLError):
            get(at, word=WORD, context=ssl.create_default_context())


def test_who_does_not_greet_keeps_nobody_waiting(pair):
    trusting = ssl.create_default_context(cafile=pair['cert'])
    with (
        served(**pair) as at,
        socket.create_connection((at.hostname, at.port)),
    ):
        assert is_whole(get(at, context=trusting))


def test_files_that_are_no_pair_are_refused(pair, other_key, tmp_path):
    empty = tmp_path / 'empty'
    empty.touch()
    nowhere = str(tmp_path / 'nowhere')
    cert, key = pair['cert'], pair['key']
    for files, name, said in (
        ({'cert': cert}, cert, 'with --metrics-key'),
        ({'cert': cert, 'key': str(empty)}, empty, 'no private key'),
        ({'cert': cert, 'key': nowhere}, nowhere, 'No such file'),
        ({'cert': cert, 'key': other_key}, other_key, 'must be its own'),
        ({'cert': key, 'key': key}, key, 'no certificate in PEM'),
        ({'cert': str(empty), 'key': key}, empty, 'no certificate in PEM'),
        ({'cert': nowhere, 'key': key}, nowhere, 'No such file'),
    ):
        with (
            pytest.raises(ConfigurationError, match='cannot be used') as told,
            served(**files),
        ):
            pass
        assert str(name) in str(told.value)
        assert said in str(told.value)


# Opens a thousand connections, says nothing, and stays.
CROWD = """
import socket, sys

address = sys.argv[1], int(sys.argv[2])
links = [socket.create_connection(address) for _ in range(1000)]
print('open', flush=True)
sys.stdin.read()
"""


@contextlib.contextmanager
def crowded(at):
    """Have a thousand connections of another process meanwhile."""
    with subprocess.Popen(  # noqa: S603 -- our own program
        [sys.executable, '-c', CROWD, at.hostname, str(at.port)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as crowd:
        assert crowd.stdout.readline() == 'open\n'
        yield


def test_a_thousand_who_say_nothing_shut_nobody_out_for_long(monkeypatch):
    monkeypatch.setattr(scrapes, 'PATIENCE', 0.2)
    before = threading.active_count()
    with served() as at, crowded(at):
        # Beyond a few they were sent away; the few give up soon.
        # One more waits for them.
        assert threading.active_count() - before <= serving._MOST + 1
        await_answer(at.path, at)


def answers(at, path):
    try:
        return is_whole(get(at, path))
    except OSError:
        return False
    except http.client.HTTPException:
        return False


def test_one_who_sends_byte_by_byte_is_ended(monkeypatch):
    monkeypatch.setattr(scrapes, 'PATIENCE', 0.3)
    with (
        served() as at,
        socket.create_connection((at.hostname, at.port)) as link,
    ):
        link.settimeout(30)
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            while not is_ended(link):
                link.sendall(b'G')
        assert is_whole(get(at))


def test_one_who_does_not_read_is_ended(monkeypatch):
    monkeypatch.setattr(scrapes, 'PATIENCE', 0.3)
    monkeypatch.setattr(serving, '_MOST', 1)
    record = Record()
    # More than what lies on the way.
    record.note_stores([f'{number:0200}' for number in range(2000)])
    place = Place(host='127.0.0.1', port=0)
    with serve_metrics(place, record) as done, socket.socket() as link:
        at = urllib.parse.urlsplit(done.address)
        link.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        link.connect((at.hostname, at.port))
        link.sendall(b'GET /metrics HTTP/1.0\r\n\r\n')
        link.recv(1)
        # It is the only one's turn until then.
        await_answer(f'{at.path}?name[]=imagecache_build_info', at)


def await_answer(path, at):
    end = time.monotonic() + 60
    while not answers(at, path):
        assert time.monotonic() < end
        time.sleep(0.05)


def is_ended(link):
    link.settimeout(0.05)
    try:
        return link.recv(1) == b''
    except TimeoutError:
        return False


@pytest.mark.parametrize(
    'said', [b'\0' * 99, b'GET\r\n\r\n', b'\x16\x03\x01' * 50, b'GET / x\r\n']
)
def test_who_speaks_something_else_does_no_harm(said, capfd):
    with served() as at:
        with socket.create_connection((at.hostname, at.port)) as link:
            link.sendall(said)
            link.shutdown(socket.SHUT_WR)
            link.settimeout(30)
            with contextlib.suppress(ConnectionResetError):
                while link.recv(4096):
                    pass
        assert is_whole(get(at))
    assert capfd.readouterr() == ('', '')


def test_scrape_after_scrape_leaves_nothing_behind():
    with served() as at:
        assert is_whole(get(at))
        before = threading.active_count()
        for _ in range(100):
            assert is_whole(get(at))
        assert threading.active_count() <= before + serving._MOST


def test_its_end_waits_for_nobody():
    with served() as at:
        link = socket.create_connection((at.hostname, at.port))
        link.sendall(b'GET')
        assert is_whole(get(at))
        began = time.monotonic()
    assert time.monotonic() - began < scrapes.PATIENCE / 2
    link.close()


def test_its_work_is_counted_apart_and_it_does_none_alone():
    with serve_metrics(Place(host='127.0.0.1', port=0), Record()) as done:
        at = urllib.parse.urlsplit(done.address)
        for _ in range(20):
            assert is_whole(get(at))
        # What it does after an answer is done soon.
        time.sleep(0.2)
        worked, before = done.worked(), time.process_time()
        assert worked > 0.001
        time.sleep(0.6)
        assert time.process_time() - before < 0.005
        assert done.worked() == worked
