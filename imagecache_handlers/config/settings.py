"""Settings: what the options say, and the rules that they make."""

from collections.abc import Callable
from collections.abc import Iterator
import datetime
from typing import Any

from oslo_config import cfg

from imagecache_handlers.config import nova
from imagecache_handlers.config.options import BY_NAME
from imagecache_handlers.config.options import GROUP
from imagecache_handlers.config import values
from imagecache_handlers.config.values import Given
from imagecache_handlers.exceptions import ConfigurationError
from imagecache_handlers.exceptions import HandlerNotFound
from imagecache_handlers.model import Order
from imagecache_handlers.planning.contradiction import Contradiction
from imagecache_handlers.planning.contradiction import Term
from imagecache_handlers.planning.protected import Patterns
from imagecache_handlers.planning.rules import Rules

# Not an order, but the wish that nothing goes by itself.
_PROTECTED = 'protected'

# Which option says what in the rules.
_DURATIONS = {
    'min_age': 'remove_unused_original_minimum_age_seconds',
    'resized_min_age': 'remove_unused_resized_minimum_age_seconds',
    'max_age': 'max_age_seconds',
    'claim_ttl': 'claim_ttl_seconds',
    'clock_skew': 'clock_skew_seconds',
    'evidence_ttl': 'evidence_ttl_seconds',
}
_WATERMARKS = 'low_watermark', 'high_watermark'
_OPTIONS = _DURATIONS | {name: name for name in _WATERMARKS}


class Settings:
    """The options of our own group, and Nova's where those are not set.

    Each is read when it is asked for, so that an override counts at once;
    Nova's files are read once, see ``nova.NovaOptions``.
    """

    def __init__(self, conf: cfg.ConfigOpts) -> None:
        self.conf = conf
        self._nova = nova.NovaOptions(conf)

    def read_value(self, name: str) -> Any:
        """Read an option, or the one of Nova that it follows.

        :raises ConfigurationError: when it is set to nothing that fits.
        """
        if self._is_followed(name):
            return self._read_followed(name)
        return values.read(self.conf, GROUP, BY_NAME[name])

    def look_up(self, name: str) -> Given:
        """Give that value, how it was written and where: a key of a file.

        :raises ConfigurationError: when it is set to nothing that fits.
        """
        if self._is_followed(name):
            self._read_followed(name)
            return self._nova.look_up(name)
        return values.look_up(self.conf, GROUP, BY_NAME[name])

    def make_rules(self, load_order: Callable[[str], Order]) -> Rules:
        """Make the rules that the options ask for.

        ``load_order`` finds the order of a policy by its name.

        :raises ConfigurationError: when a value is out of its range, or two
            contradict each other.
        :raises HandlerNotFound: when no policy has that name.
        """
        # All of them: a wrong one that no rule needs is wrong all the same.
        given = {name: self.read_value(name) for name in BY_NAME}
        keep = given['policy'] == _PROTECTED
        policy = 'age' if keep else given['policy']
        order = _find_order(load_order, policy)
        protected = _read_patterns(given['protected_images'])
        try:
            return Rules(
                expire_at_min_age=policy == 'age',
                remove_unused=given['remove_unused_base_images'] and not keep,
                drop_deleted=given['drop_deleted'],
                high_watermark=given['high_watermark'],
                low_watermark=given['low_watermark'],
                order=order,
                protected=protected,
                **dict(_read_durations(given)),
            )
        except Contradiction as error:
            raise ConfigurationError(self._say_in_options(error)) from error

    def sweep_interval(self) -> datetime.timedelta | None:
        """Give the time from one periodic sweep to the next; None: no sweeps.

        -1 switches them off and 0 means a minute, as they do for Nova.

        :raises ConfigurationError: when it is set to nothing that fits.
        """
        seconds = self.read_value('manager_interval')
        if seconds < 0:
            return None
        return datetime.timedelta(seconds=seconds or 60)

    def call_timeout(self) -> datetime.timedelta | None:
        """Give the time after which a call is told to hang; None: never.

        :raises ConfigurationError: when it is set to nothing that fits.
        """
        seconds = self.read_value('call_timeout')
        return datetime.timedelta(seconds=seconds) if seconds else None

    def inherited_never(self) -> str | None:
        """Say where "no sweeps" comes from, if our own option does not say so.

        To Nova it says that another cleaner is at work, and to that cleaner
        nothing.

        :raises ConfigurationError: when it is set to nothing that fits.
        """
        name = 'manager_interval'
        if not self._is_followed(name) or self.sweep_interval() is not None:
            return None
        return self.look_up(name).origin

    def _is_followed(self, name: str) -> bool:
        if name not in nova.NAMES:
            return False
        return values.read(self.conf, GROUP, BY_NAME[name]) is None

    def _read_followed(self, name: str) -> Any:
        value = self._nova.read_value(name)
        try:
            # Nova itself takes some that are out of range for us.
            return BY_NAME[name].type(value)
        except ValueError as error:
            given = self._nova.look_up(name)
            problem = values.refusal_text(
                given.origin, given.text, BY_NAME[name]
            )
            advice = f'change it, or set [{GROUP}] {name}'
            raise ConfigurationError(f'{problem}: {advice}') from error

    def _say_in_options(self, error: Contradiction) -> str:
        """Name options for fields, and where Nova sets those that follow."""
        given = {
            field: self.look_up(name)
            for field, name in _OPTIONS.items()
            if field in error.fields
        }
        terms = {
            field: Term(_OPTIONS[field], one.text)
            for field, one in given.items()
        }
        followed = [
            f'; {_OPTIONS[field]} comes from {one.origin}'
            for field, one in given.items()
            if self._is_followed(_OPTIONS[field])
        ]
        return f'[{GROUP}] {error.say_with(terms)}{"".join(followed)}'


def _find_order(load_order: Callable[[str], Order], policy: str) -> Order:
    try:
        return load_order(policy)
    except HandlerNotFound as error:
        known = [*error.available, _PROTECTED]
        raise HandlerNotFound(policy, known, error.kind) from error


def _read_patterns(texts: list[str]) -> Patterns:
    try:
        return Patterns.parse(texts)
    except ValueError as error:
        text = f'[{GROUP}] protected_images: {error}'
        raise ConfigurationError(text) from error


def _read_durations(
    given: dict[str, Any],
) -> Iterator[tuple[str, datetime.timedelta]]:
    for field, name in _DURATIONS.items():
        if given[name] is not None:
            yield field, datetime.timedelta(seconds=given[name])
