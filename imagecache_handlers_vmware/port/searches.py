"""Searches: requests for what lies on datastores."""

from imagecache_handlers_vmware.port.envelopes import make_request
from imagecache_handlers_vmware.port.envelopes import write_element
from imagecache_handlers_vmware.port.requests import Reference
from imagecache_handlers_vmware.port.requests import Request

# What a search reports of each file; it opens none.
_DETAILS = (
    '<details><fileType>false</fileType><fileSize>true</fileSize>'
    '<modification>true</modification><fileOwner>false</fileOwner></details>'
    '<matchPattern>*</matchPattern>'
)

# Of disks, what they take: each is opened for it.
_DISKS = (
    '<query xsi:type="VmDiskFileQuery"><details><diskType>false</diskType>'
    '<capacityKb>false</capacityKb><hardwareVersion>false</hardwareVersion>'
    '<thin>true</thin></details></query>'
)

# Kinds of files that a search opens and measures; the last are all others.
_MEASURED = (
    '<query xsi:type="FolderFileQuery"/><query xsi:type="IsoImageFileQuery"/>'
    '<query xsi:type="VmDiskFileQuery"><details><diskType>false</diskType>'
    '<capacityKb>false</capacityKb><hardwareVersion>false</hardwareVersion>'
    '</details></query><query xsi:type="FileQuery"/>'
)


def search_below(
    browser: Reference, path: str, *, measures: bool = False
) -> Request:
    """Search a folder and all that is below it.

    ``measures``: of a disk not the size of its descriptor, but what the disk
    takes, for which each is opened.
    """
    query = _MEASURED if measures else ''
    return make_request(
        'SearchDatastoreSubFolders_Task',
        browser,
        write_element('datastorePath', path),
        f'<searchSpec>{query}{_DETAILS}</searchSpec>',
    )


def search_folder(browser: Reference, path: str) -> Request:
    """Search one folder, and none below it."""
    return make_request(
        'SearchDatastore_Task',
        browser,
        write_element('datastorePath', path),
        f'<searchSpec>{_DETAILS}</searchSpec>',
    )


def search_disks(browser: Reference, path: str) -> Request:
    """Search the disks below a folder, for what they really take."""
    return make_request(
        'SearchDatastoreSubFolders_Task',
        browser,
        write_element('datastorePath', path),
        f'<searchSpec>{_DISKS}{_DETAILS}</searchSpec>',
    )
