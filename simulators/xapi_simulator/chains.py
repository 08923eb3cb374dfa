"""What the storage layer does to disks, and tells the database, in order."""

from collections.abc import Callable
from collections.abc import Mapping
import time
from typing import Any

from xapi_simulator.errors import XapiError
from xapi_simulator.records import Row
from xapi_simulator.storage import FIXED
from xapi_simulator.storage import META
from xapi_simulator.storage import Repository
from xapi_simulator.storage import Volume
from xapi_simulator.values import date
from xapi_simulator.values import NULL
from xapi_simulator.world import ADVISED
from xapi_simulator.world import World

PARENT = 'vhd-parent'
# What is left of a disk of which nothing but its changes is known.
METADATA = 'cbt_metadata'


def check_sr(world: World, sr: str, changes: bool = True) -> None:
    """Make sure that an SR can be worked on.

    :raises XapiError: when it is unknown, plugged in nowhere, or of a type
        that cannot be changed from here.
    """
    row = world.records.get('SR', sr)
    if not world.seen_by(sr):
        raise XapiError('SR_HAS_NO_PBDS', sr)
    if changes and row['type'] in FIXED:
        raise XapiError('SR_OPERATION_NOT_SUPPORTED', sr)


def introduce(
    world: World, sr: str, made: Volume, fields: Mapping[str, Any]
) -> str:
    """Tell the database of a volume, as the storage layer does."""
    disk = world.disks[sr]
    shown = {PARENT: made.parent} if disk.is_vhd and made.parent else {}
    given = {
        'managed': not made.hidden,
        'read_only': made.hidden,
        'allowed_operations': () if made.hidden else ADVISED,
        'sm_config': shown,
        **fields,
    }
    return world.records.create(
        'VDI',
        uuid=made.uuid,
        location=made.uuid,
        SR=sr,
        virtual_size=made.virtual,
        physical_utilisation=made.used,
        **given,
    )


def create(world: World, sr: str, size: int, fields: Mapping[str, Any]) -> str:
    """Make an empty disk."""
    disk = world.disks[sr]
    with disk.lock:
        made = Volume(world.records.new_uuid(), size, META)
        disk.add(made)
        return introduce(world, sr, made, fields)


def branch(
    world: World, vdi: str, method: str, fields: Mapping[str, Any]
) -> str:
    """Make a sibling of a disk: a clone or a snapshot.

    First the database hears of the new disk, then of the base copy, at last
    of the new parent of the disk that was there: whoever looks in between
    sees a parent without a record and a disk that seems to have none.
    """
    row = world.records.get('VDI', vdi)
    disk = world.disks[row['SR']]
    with disk.lock:
        volume(world, vdi)
        new, base = world.records.new_uuid(), world.records.new_uuid()
        fresh = disk.branch(row['uuid'], new, base)
        made = introduce(world, row['SR'], disk.volumes[new], fields)
        world.steering.reach('after', f'{method}#clone')
        if fresh:
            introduce(
                world,
                row['SR'],
                disk.volumes[base],
                {'name_label': 'base copy'},
            )
            world.steering.reach('after', f'{method}#base')
            show_parent(world, vdi, disk)
        world.steering.reach('after', f'{method}#parents')
    return made


def show_parent(world: World, vdi: str, disk: Repository) -> None:
    """Tell the database which parent a disk has now: removed, then added."""
    records = world.records
    found = disk.volumes[records.get('VDI', vdi)['uuid']]
    records.write('VDI', vdi, physical_utilisation=found.used)
    if not disk.is_vhd:
        return
    with records.lock:
        left = dict(records.get('VDI', vdi)['sm_config'])
        had = left.pop(PARENT, None)
        records.write('VDI', vdi, sm_config=left)
    if had is not None:
        world.steering.reach('after', 'sm#unlinked')
    if found.parent is not None:
        with records.lock:
            left = records.get('VDI', vdi)['sm_config']
            shown = {**left, PARENT: found.parent}
            records.write('VDI', vdi, sm_config=shown)


def correct_parent(world: World, vdi: str, disk: Repository) -> None:
    """Tell the database which parent a disk has, where it says another."""
    row = world.records.get('VDI', vdi)
    found = disk.volumes[row['uuid']]
    if disk.is_vhd and row['sm_config'].get(PARENT) != found.parent:
        show_parent(world, vdi, disk)
    world.records.write('VDI', vdi, physical_utilisation=found.used)


def write(world: World, vdi: str, used: int) -> None:
    """Let a disk hold so many bytes of its own, as its user writes them."""
    disk = world.disks[world.records.get('VDI', vdi)['SR']]
    with disk.lock:
        found = volume(world, vdi)
        used = max(used, META)
        disk.require(used - found.used)
        disk.resize(found, used)
        world.records.write('VDI', vdi, physical_utilisation=used)


def destroy(world: World, vdi: str, check: Callable[[], None]) -> None:
    """Remove a disk and forget it; its base copy is the collector's.

    ``check`` raises what stands against it: nobody can attach the disk
    between that and its end.
    """
    row = world.records.get('VDI', vdi)
    disk = world.disks[row['SR']]
    with disk.lock:
        with world.records.lock:
            check()
            _wake_nobody(world, vdi)
            forget(world, vdi, world.records.get('VDI', vdi))
        if row['uuid'] in disk.volumes:
            disk.remove(row['uuid'])
        disk.logs.discard(row['uuid'])
    world.kick(row['SR'])


def _wake_nobody(world: World, vdi: str) -> None:
    """Take a disk from the machines that sleep on it, which lose all."""
    for vm, row in world.records.rows('VM').items():
        if row['suspend_VDI'] == vdi:
            world.records.write('VM', vm, suspend_VDI=NULL)


def volume(world: World, vdi: str) -> Volume:
    """Give what lies on the disks for a VDI.

    :raises XapiError: VDI_MISSING when nothing does.
    """
    row = world.records.get('VDI', vdi)
    found = world.disks[row['SR']].volumes.get(row['uuid'])
    if found is None:
        raise XapiError('VDI_MISSING', row['SR'], vdi)
    return found


def forget(world: World, vdi: str, row: Row) -> None:
    """Let the database forget a disk and what refers to it."""
    with world.records.lock:
        for vbd in row['VBDs']:
            world.records.delete('VBD', vbd)
        world.records.delete('VDI', vdi)


def refresh(world: World, sr: str) -> None:
    """Tell the database how full an SR is."""
    row = world.records.get('SR', sr)
    disk = world.disks[sr]
    allocated = 0
    for ref in row['VDIs']:
        vdi = world.records.find('VDI', ref)
        allocated += vdi['virtual_size'] if vdi and vdi['managed'] else 0
    world.records.write(
        'SR',
        sr,
        physical_size=disk.size,
        physical_utilisation=disk.used,
        virtual_allocation=allocated,
    )


def scan(world: World, sr: str) -> None:
    """Hold the database against the disks: forget, introduce, correct.

    The drivers that keep chains read parents off the disks; what somebody
    wrote of a disk that was forgotten nobody knows.
    """
    disk = world.disks[sr]
    with disk.lock:
        known = {}
        for ref in world.records.get('SR', sr)['VDIs']:
            row = world.records.get('VDI', ref)
            known[row['uuid']] = ref
            if row['uuid'] in disk.logs - disk.volumes.keys():
                world.records.write('VDI', ref, type=METADATA)
            elif row['uuid'] not in disk.volumes:
                forget(world, ref, row)
        for uuid, found in list(disk.volumes.items()):
            if uuid in known:
                world.records.write('VDI', known[uuid], missing=False)
                correct_parent(world, known[uuid], disk)
            else:
                introduce(world, sr, found, {})
        refresh(world, sr)
    world.kick(sr)


def now() -> str:
    return date(time.time())
