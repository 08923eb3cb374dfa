"""Binaries of Debian, unpacked and not installed: no service is begun."""

import os
import shutil

import pytest

from tests.functional.debian import CACHE
from tests.functional.debian import unpack_packages

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
    os.environ['PATH'] = f'{before}:{UNPACKED / "usr" / "bin"}'
    for name, package in BINARIES.items():
        if shutil.which(name) is None:
            unpack_packages([package], UNPACKED)
    yield
    os.environ['PATH'] = before
