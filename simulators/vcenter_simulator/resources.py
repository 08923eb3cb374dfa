"""Resources of hosts, clusters and pools, written as vSphere has them."""

from vcenter_simulator.values import DataObject
from vcenter_simulator.values import Reference

MEMORY = 256 * 2**30
CORES, MHZ = 32, 2400
VERSION = '7.0.3'


def show_cluster_config(is_ex: bool) -> DataObject:
    """Write how a cluster is set up: neither HA nor DRS; as either type."""
    more = {'vmSwapPlacement': 'vmDirectory'} if is_ex else {}
    return DataObject(
        'ClusterConfigInfoEx' if is_ex else 'ClusterConfigInfo',
        dasConfig=DataObject('ClusterDasConfigInfo', enabled=False),
        drsConfig=DataObject('ClusterDrsConfigInfo', enabled=False),
        **more,
    )


def show_cluster(hosts: int, usable: int) -> DataObject:
    """Write the summary of a cluster of so many hosts."""
    return DataObject(
        'ClusterComputeResourceSummary',
        totalCpu=hosts * CORES * MHZ,
        totalMemory=hosts * MEMORY,
        numCpuCores=hosts * CORES,
        numCpuThreads=hosts * CORES * 2,
        effectiveCpu=usable * CORES * MHZ,
        effectiveMemory=usable * MEMORY // 2**20,
        numHosts=hosts,
        numEffectiveHosts=usable,
        overallStatus='green',
        currentFailoverLevel=0,
        numVmotions=0,
    )


def _show_allocation() -> DataObject:
    return DataObject(
        'ResourceAllocationInfo',
        reservation=0,
        expandableReservation=True,
        limit=-1,
        shares=DataObject('SharesInfo', shares=4000, level='normal'),
    )


def show_pool_config(pool: Reference) -> DataObject:
    """Write what a pool may use: all."""
    return DataObject(
        'ResourceConfigSpec',
        entity=pool,
        cpuAllocation=_show_allocation(),
        memoryAllocation=_show_allocation(),
    )


def _show_usage(total: int) -> DataObject:
    return DataObject(
        'ResourcePoolResourceUsage',
        reservationUsed=0,
        reservationUsedForVm=0,
        unreservedForPool=total,
        unreservedForVm=total,
        overallUsage=0,
        maxUsage=total,
    )


def show_pool_runtime() -> DataObject:
    """Write what a pool uses now: nothing."""
    return DataObject(
        'ResourcePoolRuntimeInfo',
        memory=_show_usage(MEMORY),
        cpu=_show_usage(CORES * MHZ),
        overallStatus='green',
    )


def show_pool(name: str, pool: Reference) -> DataObject:
    """Write the summary of a pool."""
    return DataObject(
        'ResourcePoolSummary',
        name=name,
        config=show_pool_config(pool),
        runtime=show_pool_runtime(),
    )


def show_product() -> DataObject:
    """Write which product a host is."""
    return DataObject(
        'AboutInfo',
        name='VMware ESXi',
        fullName=f'VMware ESXi {VERSION} simulated',
        vendor='VMware, Inc.',
        version=VERSION,
        build='0',
        osType='vmnix-x86',
        productLineId='embeddedEsx',
        apiType='HostAgent',
        apiVersion='7.0.3.0',
    )


def show_licensed() -> DataObject:
    """Write what of a host takes licences."""
    return DataObject(
        'HostLicensableResourceInfo',
        resource=(DataObject('KeyAnyValue', key='numCpuPackages', value=2),),
    )


def show_hardware(host_uuid: str) -> DataObject:
    """Write the hardware of a host, all of which are alike."""
    return DataObject(
        'HostHardwareSummary',
        vendor='Simulated',
        model='vcenter_simulator',
        uuid=host_uuid,
        memorySize=MEMORY,
        cpuModel='Simulated CPU',
        cpuMhz=MHZ,
        numCpuPkgs=2,
        numCpuCores=CORES,
        numCpuThreads=CORES * 2,
        numNics=2,
        numHBAs=2,
    )
