"""Values: what one option is set to, how that was written, and where."""

import dataclasses
import os
from typing import Any

from oslo_config import cfg
from oslo_config import types

from imagecache_handlers.config import files
from imagecache_handlers.exceptions import ConfigurationError


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """The value of an option, ``text`` as it was written, in ``origin``."""

    value: Any
    text: str
    origin: str


def read(conf: cfg.ConfigOpts, group: str, opt: cfg.Opt) -> Any:
    """Give the value of an option that is registered and no secret.

    :raises ConfigurationError: when it is set to nothing that fits; shows
        what that is.
    """
    values = values_of(conf, group)
    try:
        return _join_lists(opt, _read_given(conf, group, opt, values))
    except (cfg.Error, ValueError) as error:
        where, text = _find_culprit(conf, group, opt)
        problem = refusal_text(where, text, opt)
        raise ConfigurationError(problem or f'{where}: {error}') from error


def read_secret(conf: cfg.ConfigOpts, group: str, opt: cfg.Opt) -> Any:
    """Give the value of an option that is registered and a secret.

    :raises ConfigurationError: when it is set to nothing that fits; shows
        nothing of that.
    """
    try:
        return values_of(conf, group)[opt.dest]
    except (cfg.Error, ValueError):
        # What is wrong would be told with a part of it.
        raise ConfigurationError(
            f'[{group}] {opt.dest} cannot be read: write $$ for each $ in it'
        ) from None


def values_of(conf: cfg.ConfigOpts, group: str) -> Any:
    """Give what has the values of a group."""
    return conf if group == files.DEFAULT else conf[group]


def look_up(conf: cfg.ConfigOpts, group: str, opt: cfg.Opt) -> Given:
    """Give the value of such an option with all that is known of it.

    :raises ConfigurationError: as ``read`` does.
    """
    value = read(conf, group, opt)
    text, origin = _find_source(conf, group, opt, value)
    return Given(value=value, text=text, origin=origin)


def _read_given(
    conf: cfg.ConfigOpts, group: str, opt: cfg.Opt, values: Any
) -> Any:
    if opt.multi:
        found = conf.get_location(opt.dest, group)
        environment = cfg.Locations.environment
        if found is not None and found.location is environment:
            # A variable is one text, which oslo.config takes letter by
            # letter where it may have several values.
            return [opt.type(os.environ[found.detail])]
    return values[opt.dest]


def _join_lists(opt: cfg.Opt, value: Any) -> Any:
    """Make one list of those that stand on several lines."""
    if opt.multi and isinstance(opt.type, types.List):
        return [one for each in value or () for one in each]
    return value


def refusal_text(where: str, value: object, opt: cfg.Opt) -> str:
    """Say what a value should have been, if the option knows."""
    fitting = _fitting_values(opt.type)
    return f'{where}: {value} is not {fitting}' if fitting else ''


def _find_source(
    conf: cfg.ConfigOpts, group: str, opt: cfg.Opt, value: object
) -> tuple[str, str]:
    """Give how a value was written, and where."""
    found = conf.get_location(opt.dest, group)
    location = cfg.Locations.opt_default if found is None else found.location
    if location is cfg.Locations.user:
        setting = _find_setting(conf, group, opt)
        if setting is not None:
            return setting.text, _file_and_key(setting)
        return str(value), f'[{group}] {opt.dest}'
    if found is not None and location is cfg.Locations.environment:
        return os.environ[found.detail], _variable_name(found.detail)
    return str(value), {
        cfg.Locations.opt_default: 'the default',
        cfg.Locations.command_line: 'the command line',
    }.get(location, 'the program')


def _find_culprit(
    conf: cfg.ConfigOpts, group: str, opt: cfg.Opt
) -> tuple[str, str]:
    # Only these two are not looked at until somebody wants the value.
    variable = f'OS_{group}__{opt.dest}'.upper()
    if variable in os.environ:
        return _variable_name(variable), os.environ[variable]
    setting = _find_setting(conf, group, opt)
    if setting is None:
        return f'[{group}] {opt.dest}', 'what it is set to'
    return _file_and_key(setting), setting.text


def _find_setting(
    conf: cfg.ConfigOpts, group: str, opt: cfg.Opt
) -> files.Setting | None:
    old = [
        (one.group or group, one.name or opt.dest)
        for one in opt.deprecated_opts
    ]
    return files.find_setting(conf, [(group, opt.dest), *old])


def _file_and_key(setting: files.Setting) -> str:
    return f'[{setting.group}] {setting.key} in {setting.path}'


def _variable_name(name: str) -> str:
    return f'the environment variable {name}'


def _fitting_values(kind: object) -> str:
    if isinstance(kind, types.Boolean):
        return 'true or false'
    if isinstance(kind, types.String) and kind.choices:
        return f'one of {", ".join(kind.choices)}'
    if not isinstance(kind, types.Integer):
        return ''
    if kind.min is None:
        return 'a whole number'
    if kind.max is None:
        return f'a whole number of at least {kind.min}'
    return f'a whole number from {kind.min} to {kind.max}'
