"""Script: one life of a datastore, in steps, told to any vCenter."""

from collections.abc import Callable
import dataclasses
import importlib
from typing import Any

from tests.functional.vcsim.client import Client

# In this order: each goes on with what those before it left.
CHAPTERS = (
    'session',
    'reading',
    'viewing',
    'waiting',
    'files',
    'moving',
    'disks',
    'machines',
    'power',
    'registry',
)


@dataclasses.dataclass(frozen=True, slots=True)
class Step:
    name: str
    work: Callable[[Client], Any]


STEPS: list[Step] = []


def step(work: Callable[[Client], Any]) -> Callable[[Client], Any]:
    """Add a step; its name is the function's."""
    STEPS.append(Step(work.__name__, work))
    return work


def load_steps() -> list[Step]:
    for chapter in CHAPTERS:
        importlib.import_module(f'{__name__}.{chapter}')
    return STEPS
