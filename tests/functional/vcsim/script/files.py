"""Files: folders and files, by the file manager, the browser and HTTP."""

from typing import Any

from pyVmomi import vim

from tests.functional.vcsim.client import Client
from tests.functional.vcsim.client import Reply
from tests.functional.vcsim.script import step

Browser = vim.host.DatastoreBrowser
DETAILS = Browser.FileInfo.Details(
    fileType=True, fileSize=True, modification=False, fileOwner=False
)


def make(client: Client, path: str, *, parents: bool = False) -> Any:
    return client.files.MakeDirectory(path, client.datacenter, parents)


@step
def make_folder(client: Client) -> Any:
    return make(client, '[LocalDS_0] base')


@step
def make_folder_again(client: Client) -> Any:
    return make(client, '[LocalDS_0] base')


@step
def make_folder_again_with_parents(client: Client) -> Any:
    return make(client, '[LocalDS_0] base', parents=True)


@step
def make_folder_without_parent(client: Client) -> Any:
    return make(client, '[LocalDS_0] no/such')


@step
def make_folder_with_parents(client: Client) -> Any:
    return make(client, '[LocalDS_0] base/image/ts-1', parents=True)


@step
def make_folder_by_plain_path(client: Client) -> Any:
    return make(client, 'base/other')


@step
def make_folder_in_unknown_store(client: Client) -> Any:
    return make(client, '[nowhere] base')


@step
def make_folder_without_datacenter(client: Client) -> Any:
    return client.files.MakeDirectory('[LocalDS_0] other', None, False)


@step
def make_folder_of_hard_name(client: Client) -> Any:
    return make(client, '[LocalDS_0] base/a b%20é')


# HTTP ----------------------------------------------------------------------


def tell(reply: Reply) -> Any:
    return [reply.status, len(reply.body)]


@step
def put_file(client: Client) -> Any:
    return tell(client.reach_file('PUT', 'base/image/a.txt', b'12345'))


@step
def put_file_again(client: Client) -> Any:
    return tell(client.reach_file('PUT', 'base/image/a.txt', b'1234567'))


@step
def put_file_of_other_kind(client: Client) -> Any:
    return tell(client.reach_file('PUT', 'base/image/b.iso', b'123'))


@step
def get_file(client: Client) -> Any:
    reply = client.reach_file('GET', 'base/image/a.txt')
    return [reply.status, reply.body.decode()]


@step
def head_file(client: Client) -> Any:
    reply = client.reach_file('HEAD', 'base/image/a.txt')
    return [reply.status, reply.length]


@step
def get_missing_file(client: Client) -> Any:
    return client.reach_file('GET', 'base/image/none').status


@step
def put_file_into_unknown_store(client: Client) -> Any:
    reply = client.reach_file('PUT', 'base/a', b'1', dsName='nowhere')
    return reply.status


@step
def get_file_of_unknown_datacenter(client: Client) -> Any:
    reply = client.reach_file('GET', 'base/image/a.txt', dcPath='nowhere')
    return reply.status


# The browser ---------------------------------------------------------------


def search(
    client: Client, path: str, *patterns: str, deep: bool = False, **how: Any
) -> Any:
    how.setdefault('details', DETAILS)
    spec = Browser.SearchSpec(matchPattern=list(patterns) or ['*'], **how)
    return search_with(client, path, spec, deep=deep)


def search_with(
    client: Client, path: str, spec: Any, *, deep: bool = False
) -> Any:
    browser = client.store.browser
    begin = browser.SearchSubFolders if deep else browser.Search
    found = client.finish(begin(path, spec))
    return sorted(map(tell_folder, found if deep else [found]))


def tell_folder(folder: Any) -> Any:
    files = sorted(map(tell_file, folder.file or []))
    return [folder.folderPath.rstrip('/ '), files]


def tell_file(file: Any) -> Any:
    kind = type(file).__name__.rpartition('.')[2]
    return [file.path, kind, file.fileSize or 0]


@step
def search_folder(client: Client) -> Any:
    spec = Browser.SearchSpec(matchPattern=['*'], details=DETAILS)
    found = client.finish(
        client.store.browser.Search('[LocalDS_0] base/image', spec)
    )
    return [[file.path for file in found.file], found.folderPath]


@step
def search_sizes(client: Client) -> Any:
    found = search(client, '[LocalDS_0] base/image', '*.txt', '*.iso')
    return [[file[0], file[2]] for _, files in found for file in files]


@step
def search_by_pattern(client: Client) -> Any:
    return search(client, '[LocalDS_0] base/image', '?.txt')


@step
def search_nothing(client: Client) -> Any:
    return search(client, '[LocalDS_0] base/image', 'none-*')


@step
def search_below(client: Client) -> Any:
    found = search(client, '[LocalDS_0] base', deep=True)
    return [[path, [file[0] for file in files]] for path, files in found]


@step
def search_below_by_pattern(client: Client) -> Any:
    return search(client, '[LocalDS_0] base', '*.iso', deep=True)


@step
def search_root(client: Client) -> Any:
    [[path, files]] = search(client, '[LocalDS_0]')
    return [path, [file[:2] for file in files]]


@step
def search_for_folders(client: Client) -> Any:
    query = [Browser.FolderQuery()]
    found = search(client, '[LocalDS_0] base/image', query=query)
    return [[file[0] for file in files] for _, files in found]


@step
def search_without_details(client: Client) -> Any:
    return search(client, '[LocalDS_0] base/image', '*.txt', details=None)


@step
def search_without_pattern(client: Client) -> Any:
    spec = Browser.SearchSpec(details=DETAILS)
    return len(search_with(client, '[LocalDS_0] base/image', spec)[0][1])


@step
def search_without_spec(client: Client) -> Any:
    found = search_with(client, '[LocalDS_0] base/image', None)
    return len(found[0][1])


@step
def search_missing_folder(client: Client) -> Any:
    return search(client, '[LocalDS_0] base/none')


@step
def search_below_missing_folder(client: Client) -> Any:
    return search(client, '[LocalDS_0] base/none', deep=True)


@step
def search_file(client: Client) -> Any:
    return search(client, '[LocalDS_0] base/image/a.txt')


@step
def search_other_store(client: Client) -> Any:
    return search(client, '[LocalDS_1]')


@step
def search_by_plain_path(client: Client) -> Any:
    return search(client, 'base')
