"""Addresses of a PostgreSQL server, and of a database on it."""

from urllib.parse import quote, urlsplit, urlunsplit


def database_at(server: str, name: str) -> str:
    """The address of a database; a query of the server's address (`?sslmode=…`) stays."""
    parts = urlsplit(server)
    return urlunsplit(parts._replace(path=f"/{quote(name, safe='')}"))


def address_as(server: str, user: str, password: str) -> str:
    """The server's address for another user."""
    parts = urlsplit(server)
    where = parts.netloc.rpartition("@")[2]
    return urlunsplit(parts._replace(netloc=f"{quote(user, safe='')}:{quote(password, safe='')}@{where}"))


def password_in(server: str) -> str | None:
    """The password of an address."""
    return urlsplit(server).password
