"""Patching: what each service of Nova's does before all else.

Nothing else is loaded by this, for Nova ends where eventlet came before it.
"""


def patch_nova() -> None:
    """Have it patched, or not, by ``OS_NOVA_DISABLE_EVENTLET_PATCHING``."""
    from nova import monkey_patch

    # Up to Nova 30 importing it is all there is to do.
    patch = getattr(monkey_patch, 'patch', None)
    if patch is not None:
        patch('threading')
