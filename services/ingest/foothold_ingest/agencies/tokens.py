"""Checks access tokens of agencies whose systems have them.

They are of OAuth 2.0 client credentials, RFC 9068, and checked here, against the issuer's published
keys.
"""

import asyncio
import json
import time
import urllib.request
from dataclasses import dataclass
from typing import Final

import jwt
import structlog
from jwt.exceptions import PyJWKSetError, PyJWTError

ALGORITHMS: Final = ("RS256", "PS256", "ES256", "EdDSA")
"""Signed with the issuer's private key. Never `none`, and never HMAC, for which a published key
would be the secret."""

LEEWAY_SECONDS: Final = 60
KEYS_SECONDS: Final = 600.0
PAUSE_SECONDS: Final = 30.0
_FETCH_SECONDS: Final = 5.0
_MOST_BYTES: Final = 256 * 1024
LONGEST_CLIENT: Final = 200
_UNREADABLE: Final = (
    PyJWTError,
    ValueError,
    TypeError,
    ArithmeticError,
    LookupError,
    AttributeError,
    RecursionError,
)
"""What the library raises for headers and claims nobody meant: nested without end, an `exp` beyond
every calendar. Such a token is nobody's."""

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Issuer:
    """Who makes the tokens, for whom, and where its public keys stand."""

    name: str
    audience: str
    keys_url: str


class Tokens:
    """Checks tokens, and asks the issuer for a key that is not known.

    It asks at most twice a minute: a flood of made-up key ids does not become one towards the
    issuer.
    """

    def __init__(self, issuer: Issuer) -> None:
        self._issuer = issuer
        self._keys: dict[str, jwt.PyJWK] = {}
        self._fetched = -KEYS_SECONDS
        self._one_fetch = asyncio.Lock()

    async def client_of(self, token: str) -> str | None:
        """The client a token was made for; None for one that is not right in every respect."""
        header = _header(token)
        key = None if header is None else await self._key(header.get("kid"))
        if (
            header is None
            or key is None
            or header.get("alg") not in ALGORITHMS
            or key.algorithm_name != header["alg"]
        ):
            return None
        claims = self._claims(token, key, header["alg"])
        if claims is None:
            return None
        client = claims.get("client_id") or claims.get("azp")
        return (
            client
            if isinstance(client, str) and len(client) <= LONGEST_CLIENT and client.isprintable()
            else None
        )

    def _claims(self, token: str, key: jwt.PyJWK, algorithm: str) -> dict[str, object] | None:
        """What the token says; None for one that is not right."""
        try:
            claims: dict[str, object] = jwt.decode(
                token,
                key,
                algorithms=[algorithm],
                issuer=self._issuer.name,
                audience=self._issuer.audience,
                leeway=LEEWAY_SECONDS,
                options={"require": ["exp", "iss", "aud"]},
            )
        except _UNREADABLE:
            return None
        return claims

    async def _key(self, name: object) -> jwt.PyJWK | None:
        if not isinstance(name, str):
            return None
        age = time.monotonic() - self._fetched
        if age > KEYS_SECONDS or (name not in self._keys and age > PAUSE_SECONDS):
            async with self._one_fetch:
                if time.monotonic() - self._fetched > PAUSE_SECONDS:
                    await self._fetch()
        return self._keys.get(name)

    async def _fetch(self) -> None:
        """The issuer's keys; while it cannot be reached, those known before."""
        self._fetched = time.monotonic()
        try:
            body = await asyncio.to_thread(_get, self._issuer.keys_url)
            self._keys = {
                key.key_id: key
                for key in jwt.PyJWKSet.from_dict(json.loads(body)).keys
                if key.key_id is not None
            }
        except (OSError, ValueError, PyJWKSetError) as error:
            log.warning("ingest.issuer_keys_away", error=type(error).__name__)


def _header(token: str) -> dict[str, object] | None:
    """None where the library cannot read one."""
    try:
        read: dict[str, object] = jwt.get_unverified_header(token)
    except _UNREADABLE:
        return None
    return read


def _get(url: str) -> bytes:
    with urllib.request.urlopen(url, timeout=_FETCH_SECONDS) as answer:  # noqa: S310 - https, or http on this machine, by the settings
        body: bytes = answer.read(_MOST_BYTES)
    return body
