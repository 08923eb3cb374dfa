"""Answers: what Nova says of its instances, asked again in a long sweep."""

from collections.abc import Callable
from collections.abc import Iterable
import datetime
import logging
from typing import Any

from imagecache_handlers.exceptions import CacheError
from imagecache_handlers.frontends.nova.instances import gather_evidence
from imagecache_handlers.frontends.nova.instances import Gathered
from imagecache_handlers.model import Evidence

LOG = logging.getLogger(__name__)

# Gives the list as it is now, or None where nobody can ask for it.
ReadAgain = Callable[[], Iterable[Any] | None]


class NoAnswer(CacheError):
    """Nova's list of instances has aged, and there is no newer one."""


class InstanceAnswers:
    """Answers with the list that Nova gave, and then with newer ones.

    The first answer is the given list's, read at ``as_of`` or after.  Where
    nobody told when it was read, such a list proves no absence, so if
    ``complete`` evidence is wanted a newer one is read at once.  That is
    complete only if it is ``complete_again``: a host that had no instance
    yet is not asked.

    ``image_ids`` are those that the first answer names; ``is_aged``: a newer
    list was wanted, and cannot be had.
    """

    def __init__(
        self,
        instances: Iterable[Any],
        read_again: ReadAgain,
        clock: Callable[[], datetime.datetime],
        *,
        as_of: datetime.datetime | None = None,
        complete: bool = False,
        complete_again: bool = False,
    ) -> None:
        self._read_again = read_again
        self._clock = clock
        self._complete = complete
        self._complete_again = complete_again
        self.is_aged = False
        first = self._take_given(instances, as_of)
        self.image_ids = frozenset(first.evidence.users)
        self._given: Gathered | None = first

    def __call__(self) -> Evidence:
        """Give the evidence.

        :raises NoAnswer: when the list has aged, and there is no newer one.
        """
        given, self._given = self._given, None
        if given is not None:
            return given.evidence
        return self._read_list().evidence

    def _take_given(
        self, instances: Iterable[Any], as_of: datetime.datetime | None
    ) -> Gathered:
        if as_of is not None:
            return gather_evidence(instances, as_of, complete=self._complete)
        if self._complete_again:
            try:
                return self._read_list()
            except NoAnswer:
                # It is not that what is given is too old to go by.
                self.is_aged = False
                LOG.warning(
                    'Nobody tells when the list of instances was read: it '
                    'proves no image unused'
                )
        return gather_evidence(instances, self._clock())

    def _read_list(self) -> Gathered:
        # Before reading: an instance that comes while it is read is not in it.
        as_of = self._clock()
        instances = self._read_again()
        if instances is None:
            self.is_aged = True
            raise NoAnswer('Nova lists its instances for this sweep once')
        return gather_evidence(instances, as_of, complete=self._complete_again)
