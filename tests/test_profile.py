"""The profile is chosen by the environment, which may ask for more."""

import dataclasses

import pytest

from tests import profile
from tests.profile import PROFILES


@pytest.fixture
def chosen(monkeypatch):
    for name in 'PROFILE', 'EXAMPLES', 'SECONDS', 'TREES':
        monkeypatch.delenv(f'IMAGECACHE_{name}', raising=False)

    def choose(**asked):
        for name, value in asked.items():
            monkeypatch.setenv(f'IMAGECACHE_{name}', value)
        return profile.chosen()

    return choose


def test_it_is_quick_unless_proof_is_asked_for(chosen):
    assert chosen() == PROFILES['quick']
    assert chosen(PROFILE='proof') == PROFILES['proof']


def test_an_unknown_one_is_refused(chosen):
    with pytest.raises(KeyError, match='slow'):
        chosen(PROFILE='slow')


def test_proof_does_more_of_everything():
    quick, proof = (
        dataclasses.astuple(PROFILES[name]) for name in ('quick', 'proof')
    )
    assert all(a < b for a, b in zip(quick, proof, strict=True))


def test_what_else_is_asked_for_has_its_way(chosen):
    asked = chosen(PROFILE='proof', EXAMPLES='7', SECONDS='0.5', TREES='3')
    assert asked == dataclasses.replace(
        PROFILES['proof'],
        core_examples=7,
        xenapi_examples=7,
        vmware_examples=7,
        tree_examples=7,
        stage_examples=7,
        crowd_seconds=0.5,
        qemu_trees=3,
    )
