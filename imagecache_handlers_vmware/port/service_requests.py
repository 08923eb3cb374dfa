"""Service requests: for what a vCenter has one of, sessions, and tasks."""

from imagecache_handlers_vmware.port.envelopes import make_request
from imagecache_handlers_vmware.port.envelopes import write_element
from imagecache_handlers_vmware.port.requests import Reference
from imagecache_handlers_vmware.port.requests import Request

SERVICE = Reference('ServiceInstance', 'ServiceInstance')


def retrieve_content() -> Request:
    return make_request('RetrieveServiceContent', SERVICE)


def log_in(manager: Reference, username: str, password: str) -> Request:
    return make_request(
        'Login',
        manager,
        write_element('userName', username),
        write_element('password', password),
    )


def log_out(manager: Reference) -> Request:
    return make_request('Logout', manager)


def cancel_task(task: Reference) -> Request:
    return make_request('CancelTask', task)
