"""Binaries of Debian, unpacked and not installed: no service is begun."""

import os
import shutil

import pytest

from tests.functional.debian import CACHE
from tests.functional.debian import provide_file

UNPACKED = CACHE / 'prometheus'
# Each binary, and the package that it is in.
BINARIES = {
    'prometheus': 'prometheus',
    'promtool': 'prometheus',
    'prometheus-node-exporter': 'prometheus-node-exporter',
}


@pytest.fixture(scope='session', autouse=True)
def binaries():
    """Have them on the path; what is missing is fetched."""
    before = os.environ['PATH']
    programs = UNPACKED / 'usr' / 'bin'
    os.environ['PATH'] = f'{before}:{programs}'
    for name, package in BINARIES.items():
        if shutil.which(name, path=before) is None:
            provide_file(programs / name, [package], UNPACKED)
    yield
    os.environ['PATH'] = before
