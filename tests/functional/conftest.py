"""What needs a compiler of Go is part of the proof only."""

from tests.profile import PROFILE

collect_ignore = [] if PROFILE.vcsim else ['vcsim/test_differences.py']
