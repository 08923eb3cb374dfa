"""A libvirt-python that tells what it is told, as a module would."""

import os
import threading

VIR_DOMAIN_XML_INACTIVE = 2
VIR_ERR_NO_SUPPORT = 3
VIR_ERR_NO_DOMAIN = 42
VIR_ERR_NO_DOMAIN_SNAPSHOT = 72


class libvirtError(Exception):  # noqa: N801 -- its name
    def __init__(self, text, code=1):
        super().__init__(text)
        self.code = code

    def get_error_code(self):
        return self.code


class Domain:
    """A domain that nothing is known of but its name and its XML."""

    def __init__(self, name='vm', xml='<domain/>', saved='unsupported'):
        self._name = name
        self._xml = xml
        self._saved = saved

    def name(self):
        return self._name

    def XMLDesc(self, flags):  # noqa: N802 -- its name
        return self._xml

    def listAllSnapshots(self, flags):  # noqa: N802 -- its name
        return []

    def hasManagedSaveImage(self, flags):  # noqa: N802 -- its name
        if self._saved == 'unsupported':
            raise libvirtError('the driver has none', VIR_ERR_NO_SUPPORT)
        if self._saved == 'broken':
            raise libvirtError('broken')
        return 0


class LibvirtDouble:
    """The module; it answers no sooner than ``answers`` is set."""

    VIR_DOMAIN_XML_INACTIVE = VIR_DOMAIN_XML_INACTIVE
    VIR_ERR_NO_SUPPORT = VIR_ERR_NO_SUPPORT
    VIR_ERR_NO_DOMAIN = VIR_ERR_NO_DOMAIN
    VIR_ERR_NO_DOMAIN_SNAPSHOT = VIR_ERR_NO_DOMAIN_SNAPSHOT
    libvirtError = libvirtError

    def __init__(self, *domains, uri=None, hostname=None, own=None):
        self.domains = list(domains)
        self.uri = uri
        self.hostname = hostname or os.uname().nodename
        self.own = own or os.uname().nodename
        self.answers = threading.Event()
        self.answers.set()
        self.opened = 0

    def registerErrorHandler(self, function, context):  # noqa: N802
        pass

    def openReadOnly(self, uri):  # noqa: N802 -- its name
        if uri == 'test:///default':
            return Connection(self, uri, self.own)
        self.opened += 1
        return Connection(self, self.uri or uri, self.hostname)


class Connection:
    """A connection, as it tells where it leads."""

    def __init__(self, double, uri, hostname):
        self._double = double
        self._uri = uri
        self._hostname = hostname

    def listAllDomains(self, flags):  # noqa: N802 -- its name
        self._double.answers.wait(60)
        return self._double.domains

    def getURI(self):  # noqa: N802 -- its name
        return self._uri

    def getHostname(self):  # noqa: N802 -- its name
        if isinstance(self._hostname, Exception):
            raise self._hostname
        return self._hostname

    def close(self):
        return 0
