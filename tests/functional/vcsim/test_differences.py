"""Ours answers as vcsim does, or a table says who is right, and why."""

import pytest

from tests.functional.vcenter import ours as simulated
from tests.functional.vcsim.answers import ask
from tests.functional.vcsim.client import Client
from tests.functional.vcsim.differences import read_differences
from tests.functional.vcsim.script import load_steps
from tests.functional.vcsim import server

STEPS = load_steps()
DIFFERENCES = read_differences()


@pytest.fixture(scope='module')
def told():
    """What vcsim and ours answered to each step."""
    with server.serving() as port:
        theirs = tell_all(port)
    with simulated.serving() as simulator:
        ours = tell_all(simulator.port)
    return {name: (theirs[name], ours[name]) for name in theirs}


def tell_all(port):
    client = Client(port)
    told = {step.name: ask(lambda s=step: s.work(client)) for step in STEPS}
    client.close()
    return told


@pytest.mark.parametrize('name', [step.name for step in STEPS])
def test_answers_are_the_same_or_explained(told, name):
    theirs, ours = told[name]
    if name in DIFFERENCES:
        known = DIFFERENCES[name]
        assert (theirs, ours) == (known.vcsim, known.ours)
        assert theirs != ours
    else:
        assert theirs == ours


def test_every_difference_is_of_a_step():
    assert set(DIFFERENCES) <= {step.name for step in STEPS}


def test_script_is_long_enough():
    assert len(STEPS) >= 60
