"""Difference: where vcsim and ours do not agree, and who is right.

The table is ``differences.csv``, which the documentation shows as it is.
"""

import csv
import dataclasses
import pathlib

TABLE = pathlib.Path(__file__).with_name('differences.csv')


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    step: str
    vcsim: str
    ours: str
    right: str  # vcsim, ours, both, or nobody knows without a live vCenter
    source: str

    def __post_init__(self) -> None:
        if self.right not in ('vcsim', 'ours', 'both', 'unsettled'):
            raise ValueError(f'{self.step}: nobody called {self.right}')
        if not self.source:
            raise ValueError(f'{self.step}: by which source?')


def read_differences() -> dict[str, Difference]:
    with TABLE.open(newline='', encoding='utf-8') as table:
        found = [Difference(**row) for row in csv.DictReader(table)]
    return {one.step: one for one in found}
