"""Addresses that no image is fetched from, and those that one may be."""

import pytest

from imagecache_handlers.exceptions import SourceError
from imagecache_handlers.sources.addresses import check_peer
from imagecache_handlers.sources.addresses import check_url
from imagecache_handlers.sources.addresses import show_url

NEAR = [
    'http://127.0.0.1/',
    'http://127.8.8.8:9292/',
    'http://localhost/',
    'http://LOCALHOST/',
    'http://[::1]/',
    'http://[::ffff:127.0.0.1]/',
    'http://169.254.1.1/',
    'http://[fe80::1]/',
    'http://0.0.0.0/',
    'http://224.0.0.1/',
]
SECRETS = [
    'http://169.254.169.254/latest/meta-data/',
    'http://[fd00:ec2::254]/',
    'http://[::ffff:169.254.169.254]/',
    'http://100.100.100.200/',
]


def refusal(action, *arguments):
    with pytest.raises(SourceError) as caught:
        action(*arguments)
    assert not caught.value.retry
    return str(caught.value)


@pytest.mark.parametrize(
    'url',
    [
        'https://glance.example.org:9292',
        'http://10.1.2.3/images/debian.qcow2?token=a',
        'https://[2001:db8::1]/',
    ],
)
def test_elsewhere_is_a_place(url):
    assert check_url(url) == url


@pytest.mark.parametrize('url', NEAR)
def test_what_is_near_has_to_be_named(url):
    assert 'nobody named it' in refusal(check_url, url)
    host = url.split('//')[1].split('/')[0].lower()
    if host[0] != '[':
        host = host.partition(':')[0]
    named = frozenset({host.strip('[]')})
    assert check_url(url, named) == url


@pytest.mark.parametrize('url', SECRETS)
def test_what_keeps_secrets_is_none_even_if_it_is_named(url):
    host = url.split('//')[1].split('/')[0].strip('[]')
    assert 'secrets' in refusal(check_url, url, frozenset({host}))


@pytest.mark.parametrize(
    'url',
    [
        'file:///etc/passwd',
        'ftp://example.org/a',
        'example.org/a',
        'http://',
        'https:///a',
        '',
        'http://[::1',
        'http://a:port/',
        'http://exa\nmple.org/',
        'gopher://example.org',
    ],
)
def test_what_is_no_url_of_ours_is_refused(url):
    refusal(check_url, url)


def test_a_password_in_a_url_is_refused_and_not_told():
    text = refusal(check_url, 'https://me:hidden@example.org/a?key=hidden')
    assert 'hidden' not in text


@pytest.mark.parametrize(
    ('host', 'peer'),
    [
        ('example.org', '127.0.0.1'),
        ('example.org', '::1'),
        ('example.org', '::ffff:127.0.0.1'),
        ('example.org', '169.254.169.254'),
        ('example.org', 'fe80::1%eth0'),
        ('2130706433', '127.0.0.1'),
        ('169.254.169.254', '169.254.169.254'),
        ('localhost', '169.254.169.254'),
        ('10.0.0.1', '127.0.0.1'),
    ],
)
def test_a_name_that_leads_near_is_refused(host, peer):
    assert 'no place of images' in refusal(check_peer, host, peer)


@pytest.mark.parametrize(
    ('host', 'peer'),
    [
        ('example.org', '10.0.0.1'),
        ('example.org', '2001:db8::1'),
        ('127.0.0.1', '127.0.0.1'),
        ('localhost', '::1'),
    ],
)
def test_who_answers_where_it_was_meant_is_taken(host, peer):
    check_peer(host, peer)


@pytest.mark.parametrize(
    ('url', 'shown'),
    [
        ('https://a:b@c/d?e#f', 'https://c/d'),
        ('https://c/d#f', 'https://c/d'),
        ('c?d', 'c'),
        ('https://c', 'https://c'),
    ],
)
def test_secrets_are_not_shown(url, shown):
    assert show_url(url) == shown
