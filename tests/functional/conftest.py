"""What is not ours warns of itself; what takes Go is of the proof only."""

import os

from tests.profile import PROFILE

WARNINGS = (
    ':DeprecationWarning',
    ':FutureWarning',
    ':ResourceWarning',
    r'\s*Eventlet is deprecated',
)
collect_ignore = [] if PROFILE.vcsim else ['vcsim/test_differences.py']


def pytest_configure(config):
    for warning in WARNINGS:
        config.addinivalue_line('filterwarnings', f'ignore:{warning}')
    # The authority that it names would overrule the one that is given.
    os.environ.pop('REQUESTS_CA_BUNDLE', None)
