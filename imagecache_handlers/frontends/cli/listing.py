"""``imagecache list``: what is cached, for people and for programs."""

import argparse
from collections.abc import Iterator
from collections.abc import Sequence
import datetime
from typing import Any

import cliff.columns
import cliff.lister

from imagecache_handlers.exceptions import ConfigurationError
from imagecache_handlers import explain
from imagecache_handlers.frontends.cli.base import CacheCommand
from imagecache_handlers.frontends.cli.text import printable
from imagecache_handlers.verdicts import Plan
from imagecache_handlers.verdicts import Reason
from imagecache_handlers.verdicts import Verdict

FIELDS = (
    'image',
    'store',
    'size',
    'state',
    'action',
    'reason',
    'until',
    'detail',
)

_STATES = (Reason.IN_USE, Reason.BUSY, Reason.UNKNOWN, Reason.LEASED)


class _Size(cliff.columns.FormattableColumn[int]):
    """Bytes for programs, a size for people."""

    def human_readable(self) -> str:
        return explain.size(self._value)


class List(cliff.lister.Lister, CacheCommand):
    """List the cached images: what is known of each, and what is decided."""

    def take_action(
        self, parsed_args: argparse.Namespace
    ) -> tuple[Sequence[str], list[tuple[Any, ...]]]:
        unknown = set(parsed_args.columns).difference(FIELDS)
        if unknown:
            raise ConfigurationError(
                f'{min(unknown)} is no column: name some of '
                f'{", ".join(FIELDS)}'
            )
        with self.opened() as site:
            plan = site.cache.plan(site.ask())
        for store, problem in plan.problems.items():
            self.app.LOG.error('%s cannot be read: %s', store, problem)
        self.failed = bool(plan.problems)
        return FIELDS, list(_rows(plan, _nothing(parsed_args.formatter)))

    def run(self, parsed_args: argparse.Namespace) -> int:
        return super().run(parsed_args) or int(self.failed)


def _nothing(formatter: str) -> str | None:
    """Give what stands for no value in a format."""
    return None if formatter in ('json', 'yaml') else ''


def _rows(plan: Plan, nothing: str | None) -> Iterator[tuple[Any, ...]]:
    by_name = sorted(plan.verdicts, key=lambda one: one.image.identity)
    for verdict in by_name:
        image = verdict.image
        until = verdict.until
        yield (
            image.image_id,
            printable(image.store),
            _Size(image.size),
            _state(verdict),
            'evict' if verdict.evict else 'keep',
            verdict.reason.value,
            _iso(until) if until else nothing,
            printable(explain.sentence(verdict, plan.now.astimezone())),
        )


def _state(verdict: Verdict) -> str:
    for blocker in verdict.blockers:
        if blocker.reason in _STATES:
            return blocker.reason.value
    return 'unused'


def _iso(at: datetime.datetime) -> str:
    return at.isoformat(timespec='seconds')
