"""Distrust: who is trusted over TLS, and why a server is not, in words."""

import ssl


def make_trust(ca_file: str | None) -> ssl.SSLContext:
    """Give what trusts the authorities of a file, and nobody else.

    None: those of the system.

    :raises OSError: when the file has none, or cannot be read.
    """
    return ssl.create_default_context(cafile=ca_file)


def say_distrust(error: BaseException) -> str | None:
    """Say what was wrong with TLS, which libraries wrap; None: nothing."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return f'is not trusted: {cause.verify_message}'
        if isinstance(cause, ssl.SSLError) and cause.reason:
            reason = cause.reason.lower().replace('_', ' ')
            return f'cannot be talked to over TLS: {reason}'
        cause = cause.__cause__ or cause.__context__
    return None
