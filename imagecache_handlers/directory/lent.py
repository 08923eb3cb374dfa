"""Lent: the folders of whoever embeds the handler, where none are set."""

from collections.abc import Mapping
import os
from typing import Any


def fill_options(
    options: Mapping[str, Any], resources: Mapping[str, Any]
) -> dict[str, Any]:
    """Give the options, with what is lent where the operator names no path.

    ``paths`` are folders with images.  ``instances_path`` is Nova's, whose
    images lie in its ``subdirectory_name`` and are laid as Nova does; its
    instances count beside those that the operator names.  An operator's own
    path is the whole truth: what is lent then means nothing.
    """
    filled = dict(options)
    if filled['path']:
        return filled
    filled['path'] = list(resources.get('paths') or ())
    instances = resources.get('instances_path')
    name = resources.get('subdirectory_name')
    if instances and name:
        filled['path'].append(os.path.join(instances, name))
        filled['layout'] = 'nova'
        named = filled.get('instance_paths') or ()
        filled['instance_paths'] = [instances, *named]
    return filled
