"""Settings: our options, and Nova's where ours are not set."""

import pathlib

from oslo_config import cfg
import pytest

from imagecache_handlers.exceptions import ConfigurationError
from imagecache_handlers_vmware.nova_options import derive_folder
from imagecache_handlers_vmware.nova_options import make_url
from imagecache_handlers_vmware.settings import read_settings

NOVA = """
[DEFAULT]
my_ip = 192.0.2.10
[vmware]
host_ip = vcenter.example.org
host_username = nova
host_password = secret
ca_file = /etc/nova/vcenter.pem
insecure = true
datastore_regex = fast.*
cache_prefix = shared
"""


@pytest.fixture
def read(tmp_path):
    def read(*texts):
        arguments = []
        for number, text in enumerate(texts):
            path = pathlib.Path(tmp_path, f'{number}.conf')
            path.write_text(text)
            arguments += ['--config-file', str(path)]
        conf = cfg.ConfigOpts()
        conf(arguments, project='imagecache', default_config_files=[])
        return read_settings(conf)

    return read


def own(**options):
    lines = [f'{key} = {value}\n' for key, value in options.items()]
    return '[imagecache_vmware]\n' + ''.join(lines)


# As vmops._get_base_folder of Nova 34 has it.
@pytest.mark.parametrize(
    ('prefix', 'my_ip', 'removes', 'folder'),
    [
        ('shared', '192.0.2.10', True, 'shared_base'),
        ('shared', None, False, 'shared_base'),
        (None, '192.0.2.10', True, '192.0.2.10_base'),
        ('', '192.0.2.10', True, '192.0.2.10_base'),
        (None, '192.0.2.10', False, '_base'),
        (None, None, False, '_base'),
    ],
)
def test_the_folder_is_as_nova_has_it(prefix, my_ip, removes, folder):
    derived = derive_folder(
        cache_prefix=prefix,
        my_ip=my_ip,
        subdirectory='_base',
        removes_unused=removes,
    )
    assert derived == folder


def test_without_prefix_and_address_it_says_what_to_set():
    with pytest.raises(ConfigurationError, match=r'_vmware\] base_folder'):
        derive_folder(
            cache_prefix=None,
            my_ip=None,
            subdirectory='_base',
            removes_unused=True,
        )


def test_an_ipv6_address_stands_in_brackets():
    assert make_url('fd00::1', 8443) == 'https://[fd00::1]:8443'
    assert make_url('vcenter', 443) == 'https://vcenter:443'


def test_all_of_nova_is_followed(read):
    found = read(NOVA)
    assert found.url == 'https://vcenter.example.org:443'
    assert (found.username, found.password) == ('nova', 'secret')
    assert found.dialling.ca_file == '/etc/nova/vcenter.pem'
    assert found.dialling.insecure is False, 'Nova heeds ca_file first'
    assert found.cache.base_folder == 'shared_base'
    assert found.cache.chosen.regex.pattern == 'fast.*'


def test_our_own_counts_more(read):
    ours = own(
        url='https://other',
        username='imagecache',
        password='ours',
        ca_file='/etc/ours.pem',
        base_folder='cache',
        datastore_regex='slow',
    )
    found = read(NOVA, ours)
    assert found.url == 'https://other'
    assert (found.username, found.password) == ('imagecache', 'ours')
    assert found.dialling.ca_file == '/etc/ours.pem'
    assert found.cache.base_folder == 'cache'
    assert found.cache.chosen.regex.pattern == 'slow'


def test_novas_password_is_for_novas_name_alone(read):
    assert read(NOVA, own(username='imagecache')).password == ''


def test_what_nova_trusts_is_all_or_nothing(read):
    found = read(NOVA, own(insecure='false'))
    assert found.dialling.ca_file is None
    without = NOVA.replace('ca_file', '#')
    assert read(without).dialling.insecure is True
    found = read(without, own(ca_file='/etc/ours.pem'))
    assert found.dialling.insecure is False


def test_old_names_are_known(read):
    text = '[DEFAULT]\nimage_cache_subdirectory_name = _old\nmy_ip = 192.0.2.1'
    assert read(text).cache.base_folder == '192.0.2.1_old'


def test_a_colon_may_be_in_the_name(read):
    text = '[DEFAULT]\nmy_ip = fd00::1'
    assert read(text).cache.base_folder == 'fd00::1_base'


def test_what_novas_options_make_is_checked_as_ours(read):
    text = '[vmware]\ncache_prefix = a/b'
    with pytest.raises(ConfigurationError, match='a/b_base'):
        read(text)


def test_a_password_is_in_no_text(read):
    assert 'secret' not in repr(read(NOVA))
    text = NOVA.replace('secret', 'se$cret')
    with pytest.raises(ConfigurationError) as caught:
        read(text)
    assert 'cret' not in str(caught.value)
    assert '[vmware] host_password' in str(caught.value)


class TestInsideNova:
    """Nova has registered its options, and they are followed as they are."""

    @pytest.fixture
    def conf(self):
        conf = cfg.ConfigOpts()
        conf.register_opts(
            [
                cfg.HostAddressOpt('host_ip'),
                cfg.PortOpt('host_port', default=443),
                cfg.StrOpt('host_username'),
                cfg.StrOpt('host_password', secret=True),
                cfg.StrOpt('ca_file'),
                cfg.BoolOpt('insecure', default=False),
                cfg.StrOpt('datastore_regex'),
                cfg.StrOpt('cache_prefix'),
            ],
            group='vmware',
        )
        conf.register_opts(
            [
                cfg.StrOpt('subdirectory_name', default='_base'),
                cfg.BoolOpt('remove_unused_base_images', default=True),
            ],
            group='image_cache',
        )
        conf.register_opt(cfg.StrOpt('my_ip', default='198.51.100.7'))
        conf([], default_config_files=[])
        return conf

    def test_defaults_are_novas(self, conf):
        assert read_settings(conf).cache.base_folder == '198.51.100.7_base'

    def test_an_override_is_followed(self, conf):
        conf.set_override('host_ip', '192.0.2.1', 'vmware')
        conf.set_override('cache_prefix', 'all', 'vmware')
        conf.set_override('host_password', 'secret', 'vmware')
        found = read_settings(conf)
        assert found.url == 'https://192.0.2.1:443'
        assert found.cache.base_folder == 'all_base'
        assert found.password == 'secret'  # noqa: S105

    def test_nothing_is_registered_where_nova_would(self, conf):
        before = {*conf}, {*conf.vmware}, {*conf.image_cache}
        read_settings(conf)
        groups, *others = {*conf}, {*conf.vmware}, {*conf.image_cache}
        assert groups == before[0] | {'imagecache_vmware'}
        assert tuple(others) == before[1:]


def test_machines_come_in_where_both_are_set(read):
    place = {'import_pool': 'dc/host/c/Resources', 'import_folder': 'dc/vm'}
    assert read(NOVA).cache.import_place is None
    found = read(NOVA, own(**place)).cache.import_place
    assert (found.pool, found.folder) == tuple(place.values())
    for name, value in place.items():
        with pytest.raises(ConfigurationError, match='go together'):
            read(NOVA, own(**{name: value}))
