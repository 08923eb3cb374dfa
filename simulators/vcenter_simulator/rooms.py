"""Rooms that answer methods: what is imported so that it is registered."""

import importlib

# Each registers its functions by ``serving.serves`` when it is imported.
NAMES = (
    'collector.retrieval',
    'collector.updates',
    'collector.views',
    'datacenters',
    'datastores.browser',
    'datastores.disk_manager',
    'datastores.file_manager',
    'datastores.namespace_manager',
    'datastores.registration',
    'extensions',
    'hosts',
    'lease',
    'machines.layout',
    'machines.methods',
    'machines.properties',
    'machines.snapshot_methods',
    'machines.summaries',
    'naming',
    'permissions',
    'search_index',
    'service',
    'task_manager',
)


def load() -> None:
    """Import every room."""
    for name in NAMES:
        importlib.import_module(f'vcenter_simulator.{name}')
