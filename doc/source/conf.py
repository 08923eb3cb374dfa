"""Sphinx settings: no network and no hypervisor SDK is needed."""

import importlib.metadata

project = 'imagecache-handlers'
release = importlib.metadata.version(project)
version = release

extensions = [
    'sphinx.ext.autodoc',
    'oslo_config.sphinxext',
    'stevedore.sphinxext',
]
autodoc_member_order = 'bysource'

html_theme = 'furo'
html_title = f'{project} {release}'
