"""Authorities: certificates of two, of which one is known to nobody."""

import pathlib
import subprocess

_OURS, _THEIRS = 'ours', 'theirs'
_ADDRESS = 'subjectAltName=IP:127.0.0.1'


def make_certificates(folder: pathlib.Path) -> None:
    """Make authorities, a server of ours, and a host of ours."""
    for name in _OURS, _THEIRS:
        _run(
            folder,
            *('req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2'),
            *('-keyout', f'{name}.key', '-out', f'{name}.pem'),
            *('-subj', f'/CN={name}'),
        )
    _sign(folder, 'server', _ADDRESS)
    _sign(folder, 'host', 'extendedKeyUsage=clientAuth')


def _sign(folder: pathlib.Path, name: str, extension: str) -> None:
    (folder / 'extension').write_text(f'{extension}\n')
    _run(
        folder,
        *('req', '-newkey', 'rsa:2048', '-nodes', '-subj', f'/CN={name}'),
        *('-keyout', f'{name}.key', '-out', 'request'),
    )
    _run(
        folder,
        *('x509', '-req', '-in', 'request', '-out', f'{name}.pem'),
        *('-CA', f'{_OURS}.pem', '-CAkey', f'{_OURS}.key', '-set_serial', '1'),
        *('-days', '2', '-extfile', 'extension'),
    )


def _run(folder: pathlib.Path, *command: str) -> None:
    subprocess.run(  # noqa: S603
        ['openssl', *command],  # noqa: S607
        cwd=folder,
        check=True,
        capture_output=True,
    )
