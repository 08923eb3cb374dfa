"""Sphinx settings: no network and no hypervisor SDK is needed."""

import importlib.metadata
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / 'ext'))

project = 'imagecache-handlers'
release = importlib.metadata.version(project)
version = release

extensions = [
    'cliff.sphinxext',
    'metrics_tables',
    'sphinx.ext.autodoc',
    'oslo_config.sphinxext',
    'stevedore.sphinxext',
]
autodoc_member_order = 'bysource'

html_theme = 'furo'
html_title = f'{project} {release}'

# What many commands take is told once, above them.
autoprogram_cliff_ignored = [
    '--help',
    '--handler',
    '--config-file',
    '--config-dir',
    '--store',
    '--format',
    '--column',
    '--quote',
    '--noindent',
    '--max-width',
    '--fit-width',
    '--print-empty',
    '--sort-column',
    '--sort-ascending',
    '--sort-descending',
]

man_pages = [
    ('cli', 'imagecache', 'manage image caches', '', 1),
]
