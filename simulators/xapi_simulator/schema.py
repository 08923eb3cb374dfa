"""Schema: the classes that the simulator offers, with their fields."""

from collections.abc import Mapping

from xapi_simulator.fields import BOOL
from xapi_simulator.fields import Class
from xapi_simulator.fields import DATE
from xapi_simulator.fields import Field
from xapi_simulator.fields import FLOAT
from xapi_simulator.fields import INT
from xapi_simulator.fields import make_class
from xapi_simulator.fields import MAP
from xapi_simulator.fields import name_fields
from xapi_simulator.fields import operation_fields
from xapi_simulator.fields import STRING
from xapi_simulator.fields import STRINGS

VDI = make_class(
    'VDI',
    *name_fields('vm-admin'),
    *operation_fields('vdi_operations'),
    Field('SR', 'SR ref'),
    Field('VBDs', 'VBD ref set', other='VDI'),
    Field('crash_dumps', 'crashdump ref set'),
    Field('virtual_size', INT),
    Field('physical_utilisation', INT),
    Field('type', 'enum vdi_type', 'user'),
    Field('sharable', BOOL),
    Field('read_only', BOOL),
    Field('other_config', MAP, role='vm-admin'),
    Field('storage_lock', BOOL),
    Field('location', STRING),
    Field('managed', BOOL),
    Field('missing', BOOL),
    Field('parent', 'VDI ref'),
    Field('xenstore_data', MAP, role='vm-admin'),
    Field('sm_config', MAP, role='vm-admin'),
    Field('is_a_snapshot', BOOL),
    Field('snapshot_of', 'VDI ref'),
    Field('snapshots', 'VDI ref set', other='snapshot_of'),
    Field('snapshot_time', DATE),
    Field('tags', STRINGS, role='vm-operator'),
    Field('allow_caching', BOOL),
    Field('on_boot', 'enum on_boot', 'persist'),
    Field('metadata_of_pool', 'pool ref'),
    Field('metadata_latest', BOOL),
    Field('is_tools_iso', BOOL),
    Field('cbt_enabled', BOOL),
    named=True,
    custom='name_label name_description',
)

SR = make_class(
    'SR',
    *name_fields('pool-operator'),
    *operation_fields('storage_operations'),
    Field('VDIs', 'VDI ref set', other='SR'),
    Field('PBDs', 'PBD ref set', other='SR'),
    Field('virtual_allocation', INT),
    Field('physical_utilisation', INT),
    Field('physical_size', INT),
    Field('type', STRING),
    Field('content_type', STRING),
    Field('shared', BOOL),
    Field('other_config', MAP, role='pool-operator'),
    Field('tags', STRINGS, role='vm-operator'),
    Field('sm_config', MAP, role='pool-operator'),
    Field('blobs', '(string -> blob ref) map'),
    Field('local_cache_enabled', BOOL),
    Field('introduced_by', 'DR_task ref'),
    Field('clustered', BOOL),
    Field('is_tools_sr', BOOL),
    named=True,
    custom='name_label name_description',
)

PBD = make_class(
    'PBD',
    Field('host', 'host ref'),
    Field('SR', 'SR ref'),
    Field('device_config', MAP),
    Field('currently_attached', BOOL),
    Field('other_config', MAP, role='pool-operator'),
)

VBD = make_class(
    'VBD',
    *operation_fields('vbd_operations'),
    Field('VM', 'VM ref'),
    Field('VDI', 'VDI ref'),
    Field('device', STRING),
    Field('userdevice', STRING, role='vm-admin'),
    Field('bootable', BOOL, role='vm-admin'),
    Field('mode', 'enum vbd_mode', 'RW'),
    Field('type', 'enum vbd_type', 'Disk', role='vm-admin'),
    Field('unpluggable', BOOL, True, role='vm-admin'),
    Field('storage_lock', BOOL),
    Field('empty', BOOL),
    Field('other_config', MAP, role='vm-admin'),
    Field('currently_attached', BOOL),
    Field('status_code', INT),
    Field('status_detail', STRING),
    Field('runtime_properties', MAP),
    Field(
        'qos_algorithm_type',
        STRING,
        role='vm-admin',
        column='qos__algorithm_type',
    ),
    Field(
        'qos_algorithm_params',
        MAP,
        role='vm-admin',
        column='qos__algorithm_params',
    ),
    Field(
        'qos_supported_algorithms',
        STRINGS,
        column='qos__supported_algorithms',
    ),
    Field('metrics', 'VBD_metrics ref'),
)

VM = make_class(
    'VM',
    *name_fields('vm-admin'),
    *operation_fields('vm_operations'),
    Field('power_state', 'enum vm_power_state', 'Halted'),
    Field('user_version', INT, role='vm-admin'),
    Field('is_a_template', BOOL),
    Field('is_default_template', BOOL),
    Field('suspend_VDI', 'VDI ref'),
    Field('suspend_SR', 'SR ref', role='vm-admin'),
    Field('resident_on', 'host ref'),
    Field('affinity', 'host ref', role='vm-power-admin'),
    Field('memory_target', INT, column='memory__target'),
    Field('memory_static_max', INT, column='memory__static_max'),
    Field('VCPUs_max', INT, column='VCPUs__max'),
    Field('VBDs', 'VBD ref set', other='VM'),
    Field('other_config', MAP, role='vm-admin'),
    Field('domid', INT, -1),
    Field('is_control_domain', BOOL),
    Field('is_a_snapshot', BOOL),
    Field('snapshot_of', 'VM ref'),
    Field('snapshots', 'VM ref set', other='snapshot_of'),
    Field('snapshot_time', DATE),
    Field('snapshot_info', MAP),
    Field('parent', 'VM ref'),
    Field('children', 'VM ref set', other='parent'),
    Field('tags', STRINGS, role='vm-operator'),
    Field('blocked_operations', '(enum vm_operations -> string) map'),
    named=True,
)

HOST = make_class(
    'host',
    *name_fields('pool-operator'),
    *operation_fields('host_allowed_operations'),
    Field('API_version_major', INT, 2, column='API_version__major'),
    Field('API_version_minor', INT, 21, column='API_version__minor'),
    Field(
        'API_version_vendor', STRING, 'XenSource', column='API_version__vendor'
    ),
    Field('enabled', BOOL, True),
    Field('software_version', MAP),
    Field('other_config', MAP, role='pool-operator'),
    Field('resident_VMs', 'VM ref set', other='resident_on'),
    Field('PBDs', 'PBD ref set', other='host'),
    Field('hostname', STRING, role='pool-operator'),
    Field('address', STRING, role='pool-operator'),
    Field('tags', STRINGS, role='vm-operator'),
    Field('local_cache_sr', 'SR ref'),
    Field('control_domain', 'VM ref'),
    Field('https_only', BOOL),
    named=True,
)

POOL = make_class(
    'pool',
    *name_fields('pool-operator', prefix='name_'),
    *operation_fields('pool_allowed_operations'),
    Field('master', 'host ref'),
    Field('default_SR', 'SR ref', role='pool-operator'),
    Field('suspend_image_SR', 'SR ref', role='pool-operator'),
    Field('crash_dump_SR', 'SR ref', role='pool-operator'),
    Field('other_config', MAP, role='pool-operator'),
    Field('ha_enabled', BOOL),
    Field('tags', STRINGS, role='vm-operator'),
    Field('restrictions', MAP),
)

TASK = make_class(
    'task',
    *name_fields(None),
    *operation_fields('task_allowed_operations'),
    Field('created', DATE),
    Field('finished', DATE),
    Field('status', 'enum task_status_type', 'pending'),
    Field('resident_on', 'host ref'),
    Field('progress', FLOAT),
    Field('type', STRING, '<none/>'),
    Field('result', STRING),
    Field('error_info', STRINGS),
    Field('other_config', MAP, role='read-only'),
    Field('subtask_of', 'task ref'),
    Field('subtasks', 'task ref set', other='subtask_of'),
    Field('backtrace', STRING, '()'),
    named=True,
)

SESSION = make_class(
    'session',
    Field('this_host', 'host ref'),
    Field('this_user', 'user ref'),
    Field('last_active', DATE),
    Field('pool', BOOL),
    Field('other_config', MAP, role='pool-admin'),
    Field('is_local_superuser', BOOL),
    Field('subject', 'subject ref'),
    Field('validation_time', DATE),
    Field('auth_user_sid', STRING),
    Field('auth_user_name', STRING),
    Field('rbac_permissions', STRINGS),
    Field('tasks', 'task ref set'),
    Field('parent', 'session ref'),
    Field('originator', STRING),
    Field('client_certificate', BOOL),
    listed=False,
)

CLASSES: Mapping[str, Class] = {
    one.name: one for one in (VDI, SR, PBD, VBD, VM, HOST, POOL, TASK, SESSION)
}
