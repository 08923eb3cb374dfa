"""Certificates of an own CA: OpenSSL takes them for what they are."""

import pathlib
import socket
import ssl
import threading

import pytest

from simulator_parts.certificates import Authority
from simulator_parts import curve
from simulator_parts import der
from simulator_parts.tls import Tls


def shake_hands(server, client, name):
    """Connect by TLS, and give what the client was told of the server."""
    one, other = socket.socketpair()
    with one, other:

        def serve():
            try:
                server.wrap_socket(other, server_side=True).close()
            except OSError:
                other.close()

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            with client.wrap_socket(one, server_hostname=name) as secured:
                return secured.getpeercert()
        finally:
            one.close()
            thread.join(10)


@pytest.fixture
def tls():
    made = Tls()
    yield made
    made.close()


def trusting(authority):
    context = ssl.create_default_context(cadata=authority.certificate)
    # What newer Pythons check by default, too.
    context.verify_flags |= ssl.VERIFY_X509_STRICT
    return context


def test_a_client_that_trusts_the_ca_trusts_its_names(tls):
    server = tls.open()
    for name in 'localhost', '127.0.0.1', '::1':
        found = shake_hands(server, trusting(tls.authority), name)
        assert ('DNS', 'localhost') in found['subjectAltName']


def test_nobody_else_is_trusted(tls):
    server = tls.open()
    with pytest.raises(ssl.SSLCertVerificationError):
        shake_hands(server, trusting(tls.authority), 'elsewhere')
    with pytest.raises(ssl.SSLCertVerificationError):
        shake_hands(server, trusting(Authority()), 'localhost')


def test_its_files_are_there_while_it_is_open_and_the_key_is_hidden(tls):
    assert tls.ca_file is None
    tls.open()
    authority = pathlib.Path(tls.ca_file)
    assert authority.read_text() == tls.authority.certificate
    key = authority.with_name('server.pem')
    assert key.stat().st_mode & 0o077 == 0
    tls.close()
    assert not authority.parent.exists()


def test_points_of_the_curve_as_others_have_them():
    # Multiples of the base point, from NIST's routines.
    x, y = curve.find_point(2)
    assert f'{x:064X}' == (
        '7CF27B188D034F7E8A52380304B51AC3C08969E277F21B35A60B48FC47669978'
    )
    assert f'{y:064X}' == (
        '07775510DB8ED040293D9AC69F7430DBBA7DADE63CE982299E04B79D227873D1'
    )


def test_lengths_and_numbers_of_der():
    assert der.join(4, b'x' * 127)[:2] == b'\x04\x7f'
    assert der.join(4, b'x' * 128)[:3] == b'\x04\x81\x80'
    assert der.join(4, b'x' * 256)[:4] == b'\x04\x82\x01\x00'
    assert der.write_whole(0) == b'\x02\x01\x00'
    assert der.write_whole(128) == b'\x02\x02\x00\x80'
    assert der.name_object('1.2.840.10045.2.1').hex() == '06072a8648ce3d0201'
