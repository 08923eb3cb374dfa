"""A handler on a session that oslo.vmware lends, as Nova does."""

import pytest

# First: it decides what oslo.vmware runs on.
from tests.functional.vcenter.oslo import log_in

from oslo_config import cfg

from imagecache_handlers.loader import load_handler
from imagecache_handlers_vmware import opts
from tests.functional.vcenter.ours import BASE
from tests.functional.vcenter.ours import STORE
from vcenter_simulator.images import add_image


@pytest.fixture
def lent(safe):
    session = log_in(safe.port, scheme='https', cacert=safe.certificate)
    yield session
    session.logout()
    session.vim.client.options.transport.session.close()


@pytest.fixture
def handler(ours, safe, lent):
    with ours.world.lock:
        add_image(ours.estate.stores[0], 'debian', base=BASE)
    conf = cfg.ConfigOpts()
    opts.register_opts(conf)
    conf.set_override('ca_file', safe.certificate, opts.GROUP)
    conf.set_override('base_folder', BASE, opts.GROUP)
    handler = load_handler('vmware', conf, session=lent)
    yield handler
    handler.close()


def test_images_are_listed_and_marked_under_its_login(ours, handler):
    [image] = handler.enumerate(STORE)
    handler.mark(image, {'pin.ops'})
    [image] = handler.enumerate(STORE)
    assert 'pin.ops' in image.marks.labels
    assert ours.counters.of('Login') == 1


def test_its_lender_uses_it_afterwards(ours, handler, lent):
    handler.enumerate(STORE)
    handler.close()
    assert lent.is_current_session_active()
    assert ours.counters.of('Logout') == 0


def test_its_options_are_as_they_were(handler, lent):
    options = lent.vim.client.options
    before = str(options), options.transport.verify
    handler.enumerate(STORE)
    assert (str(options), options.transport.verify) == before


def test_oslo_vmware_logs_in_again_when_it_has_ended(ours, handler, lent):
    # It sleeps for ten seconds before it tries once more.
    handler.enumerate(STORE)
    cookie = lent.vim.get_http_cookie()
    with ours.world.lock:
        ours.world.sessions.end_all()
    assert handler.enumerate(STORE)
    assert lent.vim.get_http_cookie() != cookie
    assert ours.counters.of('Login') == 2
