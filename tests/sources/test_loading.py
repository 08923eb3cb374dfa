"""Which source the options name, and what is wrong with them."""

import subprocess
import sys

from keystoneauth1 import loading
from oslo_config import types
import pytest

from imagecache_handlers.exceptions import ConfigurationError
from imagecache_handlers.exceptions import SourceError
from imagecache_handlers.sources.file import FileSource
from imagecache_handlers.sources.loading import load_source
from imagecache_handlers.sources.loading import name_source
from imagecache_handlers.sources import opts
from imagecache_handlers.sources.url import UrlSource
from tests.sources.given import configure

URL = 'https://glance.example.org'
KINDS = 'none', 'http_basic', 'password', 'v3applicationcredential'


@pytest.mark.parametrize(
    ('given', 'why'),
    [
        ({}, 'set [imagecache_glance] auth_type, or cloud'),
        ({'endpoint': URL}, 'set [imagecache_glance] auth_type'),
        ({'auth_type': 'none'}, 'set [imagecache_glance] endpoint'),
        ({'auth_type': 'password'}, 'set [imagecache_glance] auth_url'),
        (
            {'auth_type': 'password', 'auth_url': URL, 'username': 'a'},
            'set [imagecache_glance] password',
        ),
        (
            {'auth_type': 'v3applicationcredential', 'auth_url': URL},
            'set [imagecache_glance] application_credential_secret',
        ),
        (
            {
                'auth_type': 'v3applicationcredential',
                'auth_url': URL,
                'application_credential_secret': 'hidden',
            },
            'auth_type v3applicationcredential: You must provide',
        ),
        (
            {'auth_type': 'http_basic', 'endpoint': URL, 'password': 'a'},
            'set [imagecache_glance] username',
        ),
        (
            {'auth_type': 'none', 'endpoint': 'file:///etc'},
            '[imagecache_glance] endpoint: it must begin with https://',
        ),
        (
            {'auth_type': 'none', 'endpoint': 'http://[::1'},
            '[imagecache_glance] endpoint: it is not a URL',
        ),
        (
            {'auth_type': 'none', 'endpoint': 'http://169.254.169.254'},
            '[imagecache_glance] endpoint: that is where a cloud',
        ),
        (
            {'auth_type': 'none', 'endpoint': 'https://a:hidden@b'},
            '[imagecache_glance] endpoint: a URL with a name',
        ),
        (
            {
                'auth_type': 'password',
                'auth_url': 'HTTP://keystone.example.org',
                'password': 'hidden',
            },
            '[imagecache_glance] auth_url begins with http://',
        ),
        (
            {'auth_type': 'none', 'endpoint': URL, 'ca_file': '/none/such'},
            "[imagecache_glance] ca_file '/none/such': No such file",
        ),
        (
            {'cloud': 'ours', 'auth_type': 'none'},
            '[imagecache_glance] cloud and auth_type: set one of the two',
        ),
    ],
)
def test_the_option_to_set_is_named(given, why):
    with pytest.raises(ConfigurationError) as caught:
        load_source(configure(**given))
    assert why in str(caught.value)
    assert 'hidden' not in str(caught.value)


@pytest.mark.parametrize(
    'given',
    [
        {'auth_type': 'none', 'endpoint': URL},
        {'auth_type': 'none', 'endpoint': 'http://127.0.0.1:9292'},
        {
            'auth_type': 'http_basic',
            'endpoint': URL,
            'username': 'a',
            'password': 'b',
        },
        {
            'auth_type': 'v3applicationcredential',
            'auth_url': URL,
            'application_credential_id': 'a',
            'application_credential_secret': 'b',
        },
    ],
)
def test_what_is_enough_builds_a_source_and_asks_nobody(given):
    load_source(configure(**given))


def test_a_secret_that_cannot_be_read_is_not_told():
    conf = configure(auth_type='none', endpoint=URL, password='hid$den')
    with pytest.raises(ConfigurationError) as caught:
        load_source(conf)
    assert 'write $$ for each $' in str(caught.value)
    assert 'hid' not in str(caught.value)


@pytest.mark.parametrize(
    ('library', 'given', 'why'),
    [
        (
            'keystoneauth1',
            "auth_type='none', endpoint='https://a'",
            'imagecache-handlers[glance]',
        ),
        ('openstack', "cloud='ours'", 'pip install openstacksdk'),
    ],
)
def test_a_library_that_is_missing_is_named(library, given, why):
    code = (
        f'import sys; sys.modules["{library}"] = None\n'
        'from tests.sources.given import configure, load_source\n'
        'from imagecache_handlers.exceptions import ConfigurationError\n'
        'try:\n'
        f'    load_source(configure({given}))\n'
        'except ConfigurationError as error:\n'
        '    print(error)\n'
    )
    assert why in run_python(code)


@pytest.mark.parametrize('module', ['opts', 'loading', 'glance', 'url'])
def test_importing_takes_neither_of_the_libraries(module):
    code = (
        f'import sys, imagecache_handlers.sources.{module}\n'
        'print({"requests", "keystoneauth1", "urllib3"} & set(sys.modules))'
    )
    assert run_python(code) == 'set()\n'


def run_python(code):
    return subprocess.run(  # noqa: S603 -- ours
        [sys.executable, '-c', code],
        check=True,
        capture_output=True,
        text=True,
    ).stdout


@pytest.mark.parametrize('kind', KINDS)
def test_all_that_a_login_of_keystoneauth_takes_can_be_set(kind):
    ours = {opt.dest: opt for opt in opts.OPTS}
    for opt in loading.get_auth_plugin_conf_options(kind):
        assert opt.secret == ours[opt.dest].secret, opt.dest


def test_every_kind_of_login_that_is_offered_is_tried():
    [kinds] = [opt.type for opt in opts.OPTS if opt.dest == 'auth_type']
    assert isinstance(kinds, types.String)
    assert tuple(kinds.choices or ()) == KINDS


def test_one_word_names_a_source():
    total = f'sha256:{"a" * 64}'
    assert isinstance(name_source('https://example.org/a', total), UrlSource)
    assert isinstance(name_source('/images/a.qcow2'), FileSource)
    with pytest.raises(SourceError, match='must be sha256'):
        name_source('https://example.org/a')
