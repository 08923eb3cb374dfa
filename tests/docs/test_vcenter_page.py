"""What the page of the simulated vCenter shows runs, what it names exists."""

import unittest

from tests.docs.reading import cases
from tests.docs.reading import ROOT
from tests.docs.reading import run
from vcenter_simulator.actors import Actors
from vcenter_simulator.datastores.kinds import KINDS
from vcenter_simulator.operators import Operators
from vcenter_simulator.outlook import Outlook

PAGE = ROOT / 'doc' / 'source' / 'vcenter_simulator.rst'


def test_the_page_runs_and_its_tests_pass():
    suite = cases(run(PAGE))
    result = unittest.TestResult()
    suite.run(result)
    assert result.testsRun == 2
    assert not result.failures + result.errors, result


def test_the_page_names_all_actors_and_kinds():
    text = PAGE.read_text()
    for one in (Actors, Operators, Outlook):
        for name in vars(one):
            if not name.startswith('_'):
                assert f'``{name}``' in text, name
    for name in KINDS:
        assert name in text
