"""The kinds of variables a service is told.

What is wrong with one is said by its name when the service starts, and never by what it holds.
"""

import re
from enum import StrEnum
from ipaddress import ip_network
from typing import Annotated, Final
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, ValidationError

_DATABASE: Final = (
    "write it as postgresql+psycopg://user:password@host:5432/name, with #, /, ?, @ and % of a"
    " password as %23, %2F, %3F, %40 and %25"
)
_ADDRESS: Final = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[^\s:/,\[\]]+):([0-9]{1,5})")
_NAME: Final = re.compile(r"[a-z][a-z0-9_-]{0,39}")
MOST_PROXIES: Final = 2**16
"""Addresses of one network."""
MOST_PORTS: Final = 65_535


class Environment(StrEnum):
    """Whether people's work hangs on it.

    Nothing else is taken: a misspelt `production` would send cookies over plain HTTP.
    """

    PRODUCTION = "production"
    DEVELOPMENT = "development"


def _database(url: str) -> str:
    try:
        parts = urlsplit(url)
        is_one = parts.scheme in ("postgresql", "postgresql+psycopg") and parts.port != 0
    except ValueError:  # brackets, or a port that is none
        is_one = False
    if not is_one or not parts.netloc or not parts.path.strip("/") or parts.fragment:
        raise ValueError(f"this is no PostgreSQL address: {_DATABASE}")
    return url


def _addresses(text: str) -> str:
    for part in text.split(","):
        match = _ADDRESS.fullmatch(part.strip())
        if match is None or not 0 < int(match[2]) <= MOST_PORTS:
            raise ValueError(
                "write host:port, several with commas between: kafka-1:9092,kafka-2:9092"
            )
    return text


def _page(url: str) -> str:
    try:
        parts = urlsplit(url)
        is_one = (
            parts.scheme in ("http", "https") and parts.hostname is not None and parts.port != 0
        )
    except ValueError:
        is_one = False
    if not is_one:
        raise ValueError("write it as people's browsers do, https://host[:port]")
    return url


def _proxies(text: str) -> str:
    for address in filter(None, (part.strip() for part in text.split(","))):
        try:
            network = ip_network(address, strict=False)
        except ValueError:
            raise ValueError(
                "write addresses or networks, several with commas between: 10.1.2.3,10.2.0.0/24"
            ) from None
        if network.num_addresses > MOST_PROXIES:
            raise ValueError(
                "name the proxies themselves: in so large a network anybody could say who connects"
            )
    return text


def _pairs(text: str) -> str:
    for pair in filter(None, (part.strip() for part in text.split(","))):
        name, equals, value = pair.partition("=")
        if not (_NAME.fullmatch(name.strip()) and equals and value.strip()):
            raise ValueError("write name=value, several with commas between")
    return text


def what_is_wrong(error: ValidationError) -> str:
    """Every variable at fault, by its name; a fault that lies in several names them itself."""
    problems = error.errors(include_input=False, include_context=False, include_url=False)
    named = [
        ("_".join(map(str, problem["loc"])).upper(), problem["msg"].removeprefix("Value error, "))
        for problem in problems
    ]
    return "; ".join(f"FOOTHOLD_{name}: {text}" if name else text for name, text in named)


DatabaseUrl = Annotated[str, AfterValidator(_database)]
"""SQLAlchemy's address of a PostgreSQL database."""
Addresses = Annotated[str, AfterValidator(_addresses)]
"""Where Kafka's brokers are: `host:port[,host:port]`."""
PageUrl = Annotated[str, AfterValidator(_page)]
"""Where a browser finds something."""
Proxies = Annotated[str, AfterValidator(_proxies)]
"""Addresses or networks of reverse proxies: `10.1.2.3,10.2.0.0/24`; empty: none."""
NamedPairs = Annotated[str, AfterValidator(_pairs)]
"""`name=value,name=value`; empty: none."""
Port = Annotated[int, Field(ge=1, le=MOST_PORTS)]
"""A TCP port."""
