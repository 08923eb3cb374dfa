"""Glance 33, unmodified, asked which images it gives out no more.

Who asks is told by a header, as Keystone's middleware would have it: so there
are administrators and others.
"""

import re

import pytest
import requests

from imagecache_handlers.exceptions import ImageServiceUnavailable
from imagecache_handlers.frontends.glance_api.connection import Connection
from imagecache_handlers.frontends.glance_api.retired import GlanceRetired
from imagecache_handlers.model import Retired
from imagecache_handlers.sources.http_options import HttpOptions
from imagecache_handlers.sources.service_login import ServiceLogin
from tests.functional.glance.serving import serving

NOBODY = '00000000-0000-4000-8000-00000000cafe'
OPTIONS = HttpOptions(timeout=5, named=frozenset({'127.0.0.1'}))


class Person:
    """Logs in as a plug-in of keystoneauth would, by headers alone."""

    def __init__(self, project, *roles):
        self.headers = {
            'X-Identity-Status': 'Confirmed',
            'X-User-Id': 'imagecache',
            'X-Project-Id': project,
            'X-Roles': ','.join(roles),
        }

    def get_headers(self, session):
        return self.headers

    def get_endpoint(self, session, **keywords):
        return None

    def invalidate(self):
        return False


ADMIN = Person('service', 'admin', 'member', 'reader')
MEMBER = Person('service', 'member', 'reader')


@pytest.fixture(scope='module')
def glance(tmp_path_factory):
    place = tmp_path_factory.mktemp('glance')
    with serving(place, by_headers=True) as found:
        found.headers = ADMIN.headers
        yield found


@pytest.fixture
def late_glance(tmp_path):
    options = {'delayed_delete': 'true'}
    with serving(tmp_path, by_headers=True, options=options) as found:
        found.headers = ADMIN.headers
        yield found


@pytest.fixture
def images(glance):
    """Three public, and a private one of each of two projects."""
    made = [glance.create(visibility='public') for _ in range(3)]
    made += [
        glance.create(visibility='private', owner=f'project-{one}')
        for one in 'ab'
    ]
    yield made
    for image in made:
        url = f'{glance.url}/v2/images/{image}'
        requests.delete(url, headers=ADMIN.headers, timeout=30)


def ask(glance, person, image_ids):
    login = ServiceLogin(plugin=person, options=OPTIONS, endpoint=glance.url)
    return GlanceRetired(Connection(login))(image_ids)


def test_what_was_deleted_or_deactivated_is_told(glance, images):
    assert ask(glance, ADMIN, images) == {}
    glance.call('DELETE', f'/{images[0]}')
    content = b'as good as any'
    kind = {'Content-Type': 'application/octet-stream'}
    glance.call('PUT', f'/{images[1]}/file', data=content, headers=kind)
    glance.call('POST', f'/{images[1]}/actions/deactivate')
    assert ask(glance, ADMIN, images) == {
        images[0]: Retired.DELETED,
        images[1]: Retired.DEACTIVATED,
    }
    glance.call('POST', f'/{images[1]}/actions/reactivate')
    assert ask(glance, ADMIN, images) == {images[0]: Retired.DELETED}


def test_one_that_is_hidden_is_there(glance, images):
    """It is in no list but one of hidden images."""
    hidden = glance.create(visibility='public', os_hidden=True)
    images.append(hidden)
    assert ask(glance, ADMIN, images) == {}
    assert ask(glance, MEMBER, [*images[:3], hidden]) == {}


def test_one_that_waits_to_be_deleted_is_deleted(late_glance):
    """As Glance has it with ``delayed_delete``."""
    made = [late_glance.upload(b'x', visibility='public') for _ in range(2)]
    for one in 'ab':
        late_glance.create(visibility='private', owner=f'project-{one}')
    late_glance.call('DELETE', f'/{made[0]}')
    said = ask(late_glance, ADMIN, made)
    assert said == {made[0]: Retired.DELETED}


def test_who_is_no_administrator_retires_nothing_of_others(
    glance, images, caplog
):
    """Glance says of a private image of others that there is none."""
    assert ask(glance, MEMBER, images[1:]) == {}
    assert '2 of 4 images' in caplog.text
    mine = glance.create(visibility='private', owner='service')
    images.append(mine)
    assert ask(glance, MEMBER, images) == {}
    glance.call('DELETE', f'/{images[0]}')
    assert ask(glance, MEMBER, images) == {}


def test_one_that_is_shared_with_a_project_proves_nothing(glance, images):
    for owner in 'ab':
        one = glance.create(visibility='shared', owner=f'project-{owner}')
        images.append(one)
        glance.call('POST', f'/{one}/members', json={'member': 'service'})
        url = f'{glance.url}/v2/images/{one}/members/service'
        done = requests.put(
            url,
            json={'status': 'accepted'},
            headers=ADMIN.headers,
            timeout=30,
        )
        assert done.ok
    assert ask(glance, MEMBER, images) == {}
    assert ask(glance, MEMBER, [*images, NOBODY]) == {}
    assert ask(glance, ADMIN, [*images, NOBODY]) == {NOBODY: Retired.DELETED}


def test_it_is_retired_only_where_as_many_are_there(glance, images):
    gone = [
        re.sub('^0+', f'{number:08x}', NOBODY, count=1)
        for number in range(1, 7)
    ]
    told = dict.fromkeys(gone[:5], Retired.DELETED)
    assert ask(glance, ADMIN, [*images, *gone[:5]]) == told
    assert ask(glance, ADMIN, [*images, *gone]) == {}


def test_another_place_of_it_is_nothing_of_glance(glance, images):
    login = ServiceLogin(
        plugin=ADMIN, options=OPTIONS, endpoint=f'{glance.url}/v1'
    )
    with pytest.raises(ImageServiceUnavailable):
        GlanceRetired(Connection(login))(images)
