"""Reading: a configuration from its files, refused where nobody means it."""

from collections.abc import Iterator
from collections.abc import Sequence
import contextlib

from oslo_config import cfg

from imagecache_handlers.config import files
from imagecache_handlers.config import groups
from imagecache_handlers.config import mistakes
from imagecache_handlers.config.options import GROUP
from imagecache_handlers.config.options import register_opts
from imagecache_handlers.exceptions import ConfigurationError

PROJECT = 'imagecache'


def read_configuration(
    arguments: Sequence[str] = (), *, handler: str | None = None
) -> cfg.ConfigOpts:
    """Read the files that these options of a command line name.

    Without any they are those of oslo.config.  ``handler`` stands for
    whatever the files say of that option.

    :raises ConfigurationError: when a file cannot be read, or has a key that
        is misspelt, misplaced or set twice.
    """
    conf = cfg.ConfigOpts()
    register_opts(conf)
    files.check_files(arguments, PROJECT)
    with _naming_the_file(arguments):
        conf(list(arguments), project=PROJECT)
        known = groups.load_groups(handler or conf[GROUP].handler)
        problems = [
            *mistakes.find_unknown(conf, known),
            *mistakes.find_repeated(conf, known),
        ]
    if problems:
        raise ConfigurationError('; '.join(problems))
    if handler:
        conf.set_override('handler', handler, group=GROUP)
    return conf


@contextlib.contextmanager
def _naming_the_file(arguments: Sequence[str]) -> Iterator[None]:
    """Tell what oslo.config or the system says of a file, by its name."""
    try:
        yield
    except cfg.Error as error:
        raise ConfigurationError(str(error)) from error
    except OSError as error:
        text = f'cannot read {error.filename}: {error.strerror}'
        raise ConfigurationError(text) from error
    except UnicodeDecodeError as error:
        name = files.find_undecodable(arguments, PROJECT)
        text = f'{name} is not UTF-8 text: {error.reason}'
        raise ConfigurationError(text) from error
