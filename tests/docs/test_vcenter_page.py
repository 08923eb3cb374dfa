"""The page of the simulated vCenter runs, and names what there is."""

import unittest

from tests.docs.reading import cases
from tests.docs.reading import ROOT
from tests.docs.reading import run
from vcenter_simulator.actors import Actors

PAGE = ROOT / 'doc' / 'source' / 'vcenter_simulator.rst'
# Small parts of others, that their docstrings explain well enough.
OF_THEIR_OWN = {'datastore', 'folder', 'place', 'store', 'tree'}


def test_it_runs_and_its_tests_pass():
    result = unittest.TestResult()
    cases(run(PAGE)).run(result)
    assert result.testsRun == 2
    assert not result.failures + result.errors


def test_it_names_all_actors():
    text = PAGE.read_text()
    for name in dir(Actors):
        if not name.startswith('_') and name not in OF_THEIR_OWN:
            assert f'``{name}``' in text, name
