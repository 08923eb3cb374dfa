"""Clouds: a login as a ``clouds.yaml`` tells it, by openstacksdk."""

from collections.abc import Mapping
import os
from typing import Any

from imagecache_handlers.exceptions import ConfigurationError
from imagecache_handlers.sources.login_options import read_http_options
from imagecache_handlers.sources.service_login import ServiceLogin
from imagecache_handlers.sources.services import Service

# Not the folder that a command is started in, which may be anybody's.
_FOLDERS = '~/.config/openstack', '/etc/openstack'


def load_cloud(given: Mapping[str, Any], service: Service) -> ServiceLogin:
    """Make the login of the cloud that the option ``cloud`` names.

    What is set beside it has its way.

    :raises ConfigurationError: when there is no such cloud, or one that
        cannot be used.
    """
    name = given['cloud']
    if given['auth_type']:
        text = f'[{service.group}] cloud and auth_type: set one of the two'
        raise ConfigurationError(text)
    cloud, plugin = _find_cloud(name, service)
    region = given['region_name'] or cloud.get_region_name(service.kind)
    verify, _ = cloud.get_requests_verify_args()
    told = {
        'endpoint': cloud.get_endpoint(service.kind),
        'auth_url': cloud.config.get('auth', {}).get('auth_url'),
        'ca_file': verify if isinstance(verify, str) else None,
        'insecure': given['insecure'] or verify is False,
    }
    told |= {key: given[key] for key in told if given[key]}
    return ServiceLogin(
        plugin=plugin,
        options=read_http_options({**given, **told}, service),
        endpoint=told['endpoint'] or '',
        region_name=region,
        interface=given['interface'],
        service=service,
    )


def _find_cloud(name: str, service: Service) -> tuple[Any, Any]:
    """Give the cloud, and its plug-in of keystoneauth."""
    where = f'[{service.group}] cloud {name!r}'
    try:
        from keystoneauth1.exceptions import ClientException
        from openstack.config.loader import OpenStackConfig
        from openstack.exceptions import SDKException
    except ImportError as error:
        raise ConfigurationError(
            f'{where} takes openstacksdk: pip install openstacksdk'
        ) from error
    try:
        config = OpenStackConfig(
            config_files=_list_files('clouds'),
            secure_files=_list_files('secure'),
            vendor_files=[],
            # What the options say is what counts.
            load_envvars=False,
        )
        cloud = config.get_one(cloud=name)
        return cloud, cloud.get_auth()
    except (SDKException, ClientException, OSError, ValueError) as error:
        raise ConfigurationError(f'{where}: {error}') from error


def _list_files(stem: str) -> list[str]:
    return [
        os.path.join(os.path.expanduser(folder), f'{stem}.yaml')
        for folder in _FOLDERS
    ]
