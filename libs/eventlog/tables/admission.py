"""Why a PostgreSQL server does not let us in, or not do what we want: one sentence, with what to do."""

import ssl

import asyncpg
from asyncpg.exceptions._base import ClientConfigurationError

DENIED = (
    asyncpg.InvalidAuthorizationSpecificationError,  # a wrong password among them
    asyncpg.InsufficientPrivilegeError,
    asyncpg.ReadOnlySQLTransactionError,
    ClientConfigurationError,
    ssl.SSLError,
    FileNotFoundError,
    ConnectionError,
)
"""What may be a setting or a right; `refusal` says which of them are."""
_HANDSHAKE = ("ALERT", "VERSION", "CERTIFICATE")
"""What OpenSSL says where a handshake fails, beside what it says of a connection that is lost."""


def refusal(what: str, error: BaseException) -> str | None:
    """The sentence; None where the server is just not there."""
    match error:
        case asyncpg.ReadOnlySQLTransactionError():
            return (
                f"{what}: nothing can be written there ({error}): name the server that takes writes in OLCARE_POSTGRES"
            )
        case asyncpg.InsufficientPrivilegeError():
            return (
                f"{what}: a right is missing ({error}): have `olcare databases create` give it, as somebody who may,"
                " and look at the user in OLCARE_POSTGRES"
            )
        case asyncpg.InvalidAuthorizationSpecificationError():
            return f"{what}: the server refuses the login ({error}): look at user and password in OLCARE_POSTGRES"
        case ssl.SSLCertVerificationError():
            return (
                f"{what}: the server's certificate is not good ({error.verify_message}): name who signed it in"
                " OLCARE_POSTGRES (`sslrootcert=…`), and the host as the certificate does"
            )
        case FileNotFoundError():
            return f"{what}: a file that OLCARE_POSTGRES names is not there"
        case ClientConfigurationError():
            return f"{what}: {error}: look at the query of OLCARE_POSTGRES"
        case ssl.SSLError() if any(word in (error.reason or "") for word in _HANDSHAKE):
            return f"{what}: no TLS with the server ({error}): look at the query of OLCARE_POSTGRES"
        case ConnectionError() if "rejected SSL" in str(error):
            return f"{what}: the server speaks no TLS: have it do so, or leave `sslmode` out of OLCARE_POSTGRES"
    return None
