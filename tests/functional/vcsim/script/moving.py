"""Moving: copies, moves and deletions of files and folders."""

from typing import Any

from tests.functional.vcsim.client import Client
from tests.functional.vcsim.script.files import search
from tests.functional.vcsim.script import step


def copy(client: Client, source: str, target: str, **how: Any) -> Any:
    return client.finish(
        client.files.CopyFile(
            source,
            client.datacenter,
            target,
            how.get('datacenter', client.datacenter),
            how.get('force', False),
        )
    )


def move(client: Client, source: str, target: str, **how: Any) -> Any:
    return client.finish(
        client.files.MoveFile(
            source,
            client.datacenter,
            target,
            how.get('datacenter', client.datacenter),
            how.get('force', False),
        )
    )


def delete(client: Client, path: str, **how: Any) -> Any:
    datacenter = how.get('datacenter', client.datacenter)
    return client.finish(client.files.DeleteFile(path, datacenter))


def tell_tree(client: Client, path: str) -> Any:
    return [
        [folder, [[file[0], file[2]] for file in files if '.' in file[0]]]
        for folder, files in search(client, path, deep=True)
    ]


@step
def copy_file(client: Client) -> Any:
    copy(
        client,
        '[LocalDS_0] base/image/a.txt',
        '[LocalDS_0] base/image/copy.txt',
    )
    return tell_tree(client, '[LocalDS_0] base/image')


@step
def copy_file_onto_other(client: Client) -> Any:
    return copy(
        client,
        '[LocalDS_0] base/image/b.iso',
        '[LocalDS_0] base/image/copy.txt',
    )


@step
def copy_file_onto_other_by_force(client: Client) -> Any:
    copy(
        client,
        '[LocalDS_0] base/image/b.iso',
        '[LocalDS_0] base/image/copy.txt',
        force=True,
    )
    return tell_tree(client, '[LocalDS_0] base/image')


@step
def copy_file_to_other_store(client: Client) -> Any:
    return copy(client, '[LocalDS_0] base/image/a.txt', '[LocalDS_1] copy.txt')


@step
def copy_missing_file(client: Client) -> Any:
    return copy(client, '[LocalDS_0] base/none', '[LocalDS_0] base/copy')


@step
def copy_file_to_missing_folder(client: Client) -> Any:
    return copy(
        client, '[LocalDS_0] base/image/a.txt', '[LocalDS_0] none/copy.txt'
    )


@step
def copy_folder(client: Client) -> Any:
    copy(client, '[LocalDS_0] base/image', '[LocalDS_0] base/copy')
    return tell_tree(client, '[LocalDS_0] base/copy')


@step
def move_file(client: Client) -> Any:
    move(
        client,
        '[LocalDS_0] base/image/copy.txt',
        '[LocalDS_0] base/image/moved.txt',
    )
    return tell_tree(client, '[LocalDS_0] base/image')


@step
def move_file_onto_other(client: Client) -> Any:
    return move(
        client,
        '[LocalDS_0] base/image/moved.txt',
        '[LocalDS_0] base/image/a.txt',
    )


@step
def move_file_onto_other_by_force(client: Client) -> Any:
    move(
        client,
        '[LocalDS_0] base/image/moved.txt',
        '[LocalDS_0] base/image/a.txt',
        force=True,
    )
    return tell_tree(client, '[LocalDS_0] base/image')


@step
def move_folder(client: Client) -> Any:
    move(client, '[LocalDS_0] base/image', '[LocalDS_0] base/aside')
    return tell_tree(client, '[LocalDS_0] base/aside')


@step
def move_folder_onto_itself(client: Client) -> Any:
    return move(client, '[LocalDS_0] base/aside', '[LocalDS_0] base/aside')


@step
def move_moved_folder(client: Client) -> Any:
    return move(client, '[LocalDS_0] base/image', '[LocalDS_0] base/aside')


@step
def move_folder_onto_other(client: Client) -> Any:
    client.files.MakeDirectory('[LocalDS_0] base/image', client.datacenter)
    return move(client, '[LocalDS_0] base/aside', '[LocalDS_0] base/image')


@step
def move_folder_onto_other_by_force(client: Client) -> Any:
    return move(
        client,
        '[LocalDS_0] base/aside',
        '[LocalDS_0] base/image',
        force=True,
    )


@step
def move_folder_to_missing_folder(client: Client) -> Any:
    return move(client, '[LocalDS_0] base/aside', '[LocalDS_0] none/image')


@step
def move_folder_to_unnamed_datacenter(client: Client) -> Any:
    return move(
        client,
        '[LocalDS_0] base/aside',
        '[LocalDS_0] base/elsewhere',
        datacenter=None,
    )


@step
def delete_file(client: Client) -> Any:
    return delete(client, '[LocalDS_1] copy.txt')


@step
def delete_missing_file(client: Client) -> Any:
    return delete(client, '[LocalDS_1] copy.txt')


@step
def delete_folder(client: Client) -> Any:
    delete(client, '[LocalDS_0] base')
    return search(client, '[LocalDS_0]')


@step
def delete_without_datacenter(client: Client) -> Any:
    return delete(client, '[LocalDS_0] base', datacenter=None)


@step
def delete_by_plain_path(client: Client) -> Any:
    return delete(client, 'base')
