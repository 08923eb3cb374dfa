"""ImageLocalityWeigher, loaded and asked as Nova 34 does, by its own objects.

Stats go the way of Nova's: through its Stats and ComputeNode to HostState.
"""

import collections
import datetime
import random
import uuid

import nova.conf
from nova import objects
from nova.objects import fields
from nova.scheduler import host_manager
from nova.scheduler import weights
import pytest

from benchmarks import nova_fleets
from benchmarks import placements
from imagecache_handlers import CachedImage
from imagecache_handlers.frontends.fleet.digest import make_digest
from imagecache_handlers.frontends.fleet import opts
from imagecache_handlers.frontends.fleet.stats import write_stats

CONF = nova.conf.CONF
PATH = 'imagecache_handlers.frontends.fleet.weigher.ImageLocalityWeigher'
GROUP = 'imagecache_fleet'
NAME = 'image_locality_weight_multiplier'
IMAGE = str(uuid.UUID(int=1))
OTHER = str(uuid.UUID(int=2))
GIB = 2**30


@pytest.fixture(scope='module', autouse=True)
def registered():
    nova_fleets.set_up()


@pytest.fixture
def handler():
    """Nova's own, as its scheduler makes it."""
    return weights.HostWeightHandler()


@pytest.fixture(autouse=True)
def unset():
    yield
    CONF.clear_override(NAME, GROUP)
    CONF.clear_override('track_instance_changes', 'filter_scheduler')


@pytest.fixture
def weighers(handler):
    classes = handler.get_matching_classes([PATH])
    return [one() for one in classes]


def told(*names, coming=(), as_of=None):
    """Give what a host tells that has cached these."""
    images = [
        CachedImage(image_id=one, store='s', location='l', size=GIB)
        for one in names
    ]
    as_of = as_of or datetime.datetime.now(datetime.UTC)
    return write_stats(make_digest(images, coming, generation=1, as_of=as_of))


def host(name, stats, aggregates=(), ram=65536):
    """Make a host whose stats went through the database of Nova."""
    node = objects.ComputeNode(
        host=name,
        hypervisor_hostname=name,
        uuid=str(uuid.uuid4()),
        updated_at=None,
        memory_mb=ram,
        memory_mb_used=0,
        free_ram_mb=ram,
        free_disk_gb=2000,
        local_gb=2000,
        local_gb_used=0,
        disk_available_least=None,
        vcpus=64,
        vcpus_used=0,
        numa_topology=None,
        pci_device_pools=None,
        hypervisor_type='QEMU',
        hypervisor_version=1,
        cpu_info='',
        host_ip='127.0.0.1',
        cpu_allocation_ratio=4.0,
        ram_allocation_ratio=1.0,
        disk_allocation_ratio=1.0,
        metrics=None,
        supported_hv_specs=[],
        stats=stats,
    )
    state = host_manager.HostState(name, name, str(uuid.uuid4()))
    state.update(compute=node)
    state.aggregates = list(aggregates)
    return state


def request(image_id=IMAGE, size=4 * GIB, **more):
    image = objects.ImageMeta(properties=objects.ImageMetaProps(), size=size)
    if image_id is not None:
        image.id = image_id
    flavor = objects.Flavor(
        memory_mb=1024, vcpus=1, root_gb=10, ephemeral_gb=0, swap=0
    )
    given = {'image': image, 'flavor': flavor, 'is_bfv': False, **more}
    return objects.RequestSpec(
        instance_uuid=str(uuid.uuid4()),
        project_id='p',
        numa_topology=None,
        pci_requests=None,
        instance_group=None,
        limits=None,
        **given,
    )


def weigh(handler, weighers, hosts, spec):
    found = handler.get_weighed_objects(weighers, hosts, spec)
    return {one.obj.host: one.weight for one in found}


def test_the_host_that_has_it_comes_first(handler, weighers):
    hosts = [host('a', {}), host('b', told(IMAGE)), host('c', told(OTHER))]
    weight = weigh(handler, weighers, hosts, request())
    assert list(weight)[0] == 'b'
    assert weight['a'] == weight['c'] == 0
    assert 0 < weight['b'] < 10


def test_nova_hands_the_stats_on_as_they_are():
    """What its tracker stores is text, and within the column of MySQL."""
    from nova.compute.stats import Stats

    many = [str(uuid.UUID(int=number)) for number in range(3000)]
    stats = Stats()
    stats.digest_stats(told(*many))
    column = fields.DictOfNullableStringsField()
    kept = column.coerce(None, 'stats', dict(stats))
    assert kept['imagecache_digest'] == stats['imagecache_digest']
    assert sum(len(f'{one}') for one in kept.items()) < 65535


@pytest.mark.parametrize('multiplier', [-1.0, 0.0, 5.0])
def test_the_multiplier_is_an_option(handler, weighers, multiplier):
    hosts = [host('a', {}), host('b', told(IMAGE))]
    CONF.set_override(NAME, 1.0, GROUP)
    before = weigh(handler, weighers, hosts, request())['b']
    CONF.set_override(NAME, multiplier, GROUP)
    after = weigh(handler, weighers, hosts, request())['b']
    assert after == pytest.approx(before * multiplier)


def test_an_aggregate_overrules_it(handler, weighers):
    group = objects.Aggregate(metadata={NAME: '7.0'}, hosts=['b'])
    none = objects.Aggregate(metadata={NAME: '0'}, hosts=['c'])
    stats = told(IMAGE)
    hosts = [
        host('a', stats),
        host('b', stats, [group]),
        host('c', stats, [none]),
    ]
    CONF.set_override(NAME, 1.0, GROUP)
    weight = weigh(handler, weighers, hosts, request())
    assert weight['b'] == pytest.approx(7 * weight['a'])
    assert weight['c'] == 0


@pytest.mark.parametrize(
    'spec',
    [
        {'is_bfv': True},
        {'image': None},
        {'image_id': None},
        {'image_id': ''},
        {'image_id': '../../etc'},
    ],
    ids=repr,
)
def test_what_boots_from_no_image_is_worth_nothing(handler, weighers, spec):
    hosts = [host('a', {}), host('b', told(IMAGE))]
    weight = weigh(handler, weighers, hosts, request(**spec))
    assert set(weight.values()) == {0}


def test_a_request_of_which_nothing_is_known_is_worth_nothing(
    handler, weighers
):
    hosts = [host('a', {}), host('b', told(IMAGE))]
    weight = weigh(handler, weighers, hosts, objects.RequestSpec())
    assert set(weight.values()) == {0}


RUBBISH = [
    {},
    {'imagecache_digest': None},
    {'imagecache_digest': ''},
    {'imagecache_digest': '1 2 3'},
    {'imagecache_digest': '9' * 10_000_000},
    {'imagecache_digest': '\ud800'},
]


@pytest.mark.parametrize('stats', [*RUBBISH, None, 7, 'x', []], ids=type)
def test_bad_stats_harm_nobody(handler, weighers, stats):
    bad = host('bad', {})
    bad.stats = stats
    weight = weigh(handler, weighers, [bad, host('b', told(IMAGE))], request())
    assert weight['bad'] == 0 < weight['b']


def test_a_snapshot_is_an_image_as_others(handler, weighers):
    """Nova names what is to be booted, whatever it was made of."""
    hosts = [host('a', told(OTHER)), host('b', told(IMAGE))]
    assert list(weigh(handler, weighers, hosts, request(OTHER)))[0] == 'a'


@pytest.mark.parametrize(
    ('name', 'value', 'ram'),
    [
        ('num_io_ops', 6, 65536),
        ('num_instances', 12, 65536),
        # A fifth as large as the other, it has three times its share.
        ('num_instances', 20, 65536 // 5),
    ],
)
def test_what_a_host_is_at_and_has_counts(handler, weighers, name, value, ram):
    hosts = [host('a', told(IMAGE), ram=ram), host('b', told(IMAGE))]
    if ram < 65536:
        hosts[1].num_instances = 20
        for one in hosts:
            one.instances = {str(n): server(OTHER, None) for n in range(20)}
    weight = weigh(handler, weighers, hosts, request())
    assert weight['a'] > 0
    setattr(hosts[0], name, value)
    weight = weigh(handler, weighers, hosts, request())
    assert weight['a'] == 0 < weight['b']


def place_servers(handler, weighers, hosts, count):
    """Place servers one after the other; give who got how many."""
    placed = collections.Counter()
    for _ in range(count):
        spec = request()
        found = handler.get_weighed_objects(weighers, hosts, spec)
        found[0].obj.consume_from_request(spec)
        placed[found[0].obj.host] += 1
    return placed


@pytest.mark.parametrize(('multiplier', 'hits'), [(None, 18), (0.0, 3)])
def test_a_crowd_of_servers_is_spread(handler, multiplier, hits):
    """60 servers of one image on 20 hosts, 3 of which have it, at once.

    Beside all weighers of Nova's, by their defaults; twice the share of a
    host is 6, and ``hits`` of the first 18 go to who has it.
    """
    if multiplier is not None:
        CONF.set_override(NAME, multiplier, GROUP)
    path = 'nova.scheduler.weights.all_weighers'
    classes = handler.get_matching_classes([path, PATH])
    weighers = [one() for one in classes]
    hosts = [host(f'h{n}', told(IMAGE) if n < 3 else {}) for n in range(20)]
    placed = place_servers(handler, weighers, hosts, 18)
    assert sum(placed[f'h{n}'] for n in range(3)) == hits
    placed += place_servers(handler, weighers, hosts, 42)
    assert max(placed.values()) <= 6
    assert min(placed[f'h{n}'] for n in range(20)) >= 2


# Hosts, of which so many have the image, and servers: other fleets than that
# by which the default of the multiplier was found.
FLEETS = [(5, 1, 15), (10, 2, 40), (20, 3, 60), (50, 5, 60)]
MANY = 6


def use_fleet(handler, weighers, fleet):
    """Place servers, whose every third is followed by the end of one.

    Six are being built at a time.  Give of each whether it hit, and the
    largest crowds.
    """
    hosts_count, holders, count = fleet
    chance = random.Random(1)
    names = [f'h{number}' for number in range(hosts_count)]
    having = set(chance.sample(names, holders))
    hosts = [host(n, told(IMAGE) if n in having else {}) for n in names]
    building, there = [], []
    hits = []
    most = collections.Counter()
    for number in range(count):
        spec = request(size=GIB)
        chance.shuffle(hosts)
        found = handler.get_weighed_objects(weighers, hosts, spec)[0].obj
        found.consume_from_request(spec)
        hits.append(found.host in having)
        building.append(found)
        there.append(found)
        if len(building) > 5:
            building.pop(0).num_io_ops -= 1
        if number % 3 == 2:
            gone = there.pop(chance.randrange(len(there)))
            gone.num_instances -= 1
            gone.free_ram_mb += spec.memory_mb
            gone.vcpus_used -= 1
        most |= collections.Counter(one.host for one in there)
    return hits, most


@pytest.mark.parametrize('fleet', FLEETS, ids=str)
def test_no_crowds_where_servers_come_and_go(handler, fleet):
    """Of the first servers 80 % hit, and no host has over twice its share.

    The first are six for each host that has it: that many it may have, where
    twice its share is less.
    """
    path = 'nova.scheduler.weights.all_weighers'
    classes = handler.get_matching_classes([path, PATH])
    weighers = [one() for one in classes]
    hits, most = use_fleet(handler, weighers, fleet)
    hosts_count, holders, count = fleet
    first = hits[: holders * MANY]
    assert sum(first) >= 0.8 * len(first)
    # Nova's own weighers may add one there, for nothing is being built.
    assert max(most.values()) <= max(MANY + 1, 2 * count / hosts_count)


@pytest.mark.parametrize('way', placements.WAYS)
@pytest.mark.parametrize('load', nova_fleets.LOADS)
@pytest.mark.parametrize('holders', [1, 3])
def test_whatever_hosts_have_most_of_the_first_servers_hit(load, way, holders):
    """Nor does a host get more for having the image than its limit.

    What Nova's weighers alone give it is no more than what it would get.
    """
    fleet = nova_fleets.Fleet(hosts=20, holders=holders, load=load, seed=3)
    placed = placements.place_servers(fleet, way, GIB, default_multiplier())
    assert placed.share_first() >= 80
    # Nova's own weigher of builds puts less between hosts when one has many,
    # and the largest get more.
    most = 3 if (load, way) == ('uneven', 'five at a time') else 0
    assert placed.exceed(placements.place_without(fleet, way)) <= most


def default_multiplier():
    return next(one.default for one in opts.OPTS if one.name == NAME)


LATELY = datetime.timedelta(minutes=59)
LONG_AGO = datetime.timedelta(minutes=61)


@pytest.mark.parametrize(
    ('image', 'age', 'is_counted'),
    [
        (IMAGE, LATELY, True),
        (IMAGE, None, True),
        (IMAGE, LONG_AGO, False),
        (OTHER, LATELY, False),
        # Nova knows its id only.
        (None, None, False),
    ],
)
def test_new_servers_of_the_image_are_a_crowd(
    handler, weighers, image, age, is_counted
):
    hosts = [host('a', told(IMAGE)), host('b', told(IMAGE))]
    hosts[0].instances = {
        str(number): server(image, age) for number in range(6)
    }
    for one in hosts:
        one.num_instances = 6
    hosts[1].instances = {str(n): server(OTHER, LATELY) for n in range(6)}
    weight = weigh(handler, weighers, hosts, request())
    assert weight['b'] > 0
    assert weight['a'] == (0 if is_counted else weight['b'])


@pytest.mark.parametrize(('count', 'is_counted'), [(1, True), (2, False)])
def test_the_first_server_of_a_host_is_new(
    handler, weighers, count, is_counted
):
    """Nova knows its id only, though others by now may be as well known."""
    hosts = [host('a', told(IMAGE)), host('b', told(IMAGE))]
    known = [server(IMAGE, LATELY) for _ in range(5)]
    known += [server(None, None) for _ in range(count)]
    hosts[0].instances = {one.uuid: one for one in known}
    hosts[0].num_instances = len(known)
    hosts[1].num_instances = 0
    weight = weigh(handler, weighers, hosts, request())
    assert (weight['a'] == 0) is is_counted
    assert weight['b'] > 0


def server(image, age):
    made = objects.Instance(uuid=str(uuid.uuid4()))
    if image is not None:
        made.image_ref = image
        now = datetime.datetime.now(datetime.UTC)
        made.launched_at = None if age is None else now - age
    return made


def test_servers_that_are_not_built_yet_are_a_crowd(handler, weighers):
    """Nova knows their number, and what it says of the others."""
    hosts = [host('a', told(IMAGE)), host('b', told(IMAGE))]
    for one, count in zip(hosts, (6, 0), strict=True):
        one.num_instances = 10 + count
        one.instances = {str(n): server(OTHER, LATELY) for n in range(10)}
    weight = weigh(handler, weighers, hosts, request())
    assert weight['a'] == 0 < weight['b']


def test_where_nova_tracks_no_servers_all_are_counted(handler, weighers):
    """Twice its share is the limit then, and three times else."""
    hosts = [host(name, told(IMAGE)) for name in 'abcde']
    hosts[0].num_instances = 20
    for one in hosts:
        one.num_instances += 5
        one.instances = {
            str(n): server(OTHER, LONG_AGO) for n in range(one.num_instances)
        }
    assert weigh(handler, weighers, hosts, request())['a'] > 0
    CONF.set_override('track_instance_changes', False, 'filter_scheduler')
    assert weigh(handler, weighers, hosts, request())['a'] == 0
