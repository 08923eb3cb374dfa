"""Retired options: who is asked which image is deleted or deactivated."""

import argparse
from collections.abc import Callable
from collections.abc import Collection
from collections.abc import Mapping

from imagecache_handlers.actions.retiring import Retirements
from imagecache_handlers.exceptions import ConfigurationError
from imagecache_handlers.model import Retired

_GLANCE = 'glance'

Said = Mapping[str, Retired]
# Calls who is asked, and gives what they say.
AwaitAnswer = Callable[[Callable[[], Said]], Said]


def add_retired_to(parser: argparse.ArgumentParser) -> None:
    """Add the option that tells who knows of retired images."""
    group = parser.add_argument_group('which images are retired')
    group.add_argument(
        '--retired-from',
        metavar='SERVICE',
        help='ask which images are deleted or deactivated: "glance", as '
        '[imagecache_glance] says; they are told, and with [imagecache] '
        'drop_deleted the first to go',
    )


def retirements(
    options: argparse.Namespace,
    common: argparse.Namespace,
    await_answer: AwaitAnswer,
) -> Retirements | None:
    """Give what tells which images are retired; None: nobody is asked.

    ``common`` are the options that every command takes.

    :raises ConfigurationError: when who is named cannot be asked.
    """
    if options.retired_from is None:
        return None
    if options.retired_from != _GLANCE:
        raise ConfigurationError(
            f'--retired-from {options.retired_from!r}: nobody of that name '
            f'can be asked; there is {_GLANCE}'
        )
    return _ask_glance(common, await_answer)


def _ask_glance(
    common: argparse.Namespace, await_answer: AwaitAnswer
) -> Retirements:
    # Imported where it is needed, as all that a command may do without.
    from imagecache_handlers.config.reading import read_configuration
    from imagecache_handlers.frontends.glance_api import retired

    def load() -> retired.GlanceRetired:
        conf = read_configuration(common.config or (), handler=common.handler)
        return retired.load_retired(conf)

    def ask(image_ids: Collection[str]) -> Said:
        return await_answer(lambda: load()(image_ids))

    # As for who uses what: told at once, and read again each time.
    load()
    return Retirements(ask)
