"""Session: who is let in, and who is told to go."""

import datetime
from typing import Any

from pyVmomi import vim

from tests.functional.vcsim.answers import tell_reply
from tests.functional.vcsim.client import Client
from tests.functional.vcsim.client import connect
from tests.functional.vcsim.script import step


@step
def tell_what_it_is(client: Client) -> Any:
    about = client.content.about
    return [about.apiType, about.productLineId, about.name]


@step
def log_in_with_wrong_password(client: Client) -> Any:
    return connect(client.port, password='wrong').content.about.name


@step
def log_in_with_unknown_user(client: Client) -> Any:
    return connect(client.port, user='nobody').content.about.name


@step
def name_session_user(client: Client) -> Any:
    return client.content.sessionManager.currentSession.userName


@step
def ask_whether_session_lives(client: Client) -> Any:
    manager = client.content.sessionManager
    session = manager.currentSession
    return manager.SessionIsActive(session.key, session.userName)


@step
def ask_whether_unknown_session_lives(client: Client) -> Any:
    return client.content.sessionManager.SessionIsActive('no-such', 'user')


@step
def tell_time(client: Client) -> Any:
    now = datetime.datetime.now(datetime.UTC)
    return abs(now - client.instance.CurrentTime()).total_seconds() < 60


@step
def acquire_ticket(client: Client) -> Any:
    spec = vim.SessionManager.HttpServiceRequestSpec(
        method='httpGet', url=f'http://127.0.0.1:{client.port}/folder/a'
    )
    ticket = client.content.sessionManager.AcquireGenericServiceTicket(spec)
    return bool(ticket.id)


@step
def read_after_logout(client: Client) -> Any:
    other = connect(client.port)
    root = other.content.rootFolder
    other.content.sessionManager.Logout()
    return root.name


@step
def tell_content_after_logout(client: Client) -> Any:
    other = connect(client.port)
    other.content.sessionManager.Logout()
    return other.RetrieveContent().about.apiType


@step
def log_out_twice(client: Client) -> Any:
    other = connect(client.port)
    manager = other.content.sessionManager
    manager.Logout()
    return manager.Logout()


@step
def log_in_twice(client: Client) -> Any:
    other = connect(client.port)
    return bool(other.content.sessionManager.Login('user', 'pass').key)


@step
def call_unknown_method(client: Client) -> Any:
    body = (
        '<NoSuchMethod xmlns="urn:vim25">'
        '<_this type="ServiceInstance">ServiceInstance</_this>'
        '</NoSuchMethod>'
    )
    return tell(client, body)


@step
def send_unknown_element(client: Client) -> Any:
    body = (
        '<CurrentTime xmlns="urn:vim25">'
        '<_this type="ServiceInstance">ServiceInstance</_this>'
        '<surprise>1</surprise></CurrentTime>'
    )
    return tell(client, body)


@step
def send_call_to_unknown_object(client: Client) -> Any:
    body = (
        '<RefreshDatastore xmlns="urn:vim25">'
        '<_this type="Datastore">datastore-nowhere</_this>'
        '</RefreshDatastore>'
    )
    return tell(client, body)


@step
def send_broken_xml(client: Client) -> Any:
    return tell(client, '<CurrentTime xmlns="urn:vim25"><_this>')


@step
def send_call_to_object_of_other_type(client: Client) -> Any:
    body = (
        '<RefreshDatastore xmlns="urn:vim25">'
        '<_this type="ServiceInstance">ServiceInstance</_this>'
        '</RefreshDatastore>'
    )
    return tell(client, body)


def tell(client: Client, body: str) -> Any:
    reply = client.send_raw(body)
    return tell_reply(reply.status, reply.body)
