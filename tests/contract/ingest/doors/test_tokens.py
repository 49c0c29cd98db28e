"""Access tokens: one that is right in every respect is its agency.

Everything else is nobody, alike.
"""

import base64
import hmac
import json
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from pydantic import ValidationError
from sqlalchemy.ext.asyncio import AsyncEngine

from foothold_ingest.agencies.callers import Agencies
from foothold_ingest.agencies.register import AgencyRegister, NotPossible, Remit
from foothold_ingest.agencies.tokens import Issuer, Tokens
from tests.support.ingest import ingest_settings
from tests.support.running.parts import Parts

pytestmark = [pytest.mark.postgres, pytest.mark.timeout(60)]

ISSUER, AUDIENCE, SECRET = "https://login.county.example", "foothold-ingest", b"k" * 32
RSA, OTHER, EC = (
    rsa.generate_private_key(65537, 2048),
    rsa.generate_private_key(65537, 2048),
    ec.generate_private_key(ec.SECP256R1()),
)


def public(key: Any, name: str, algorithm: str) -> dict[str, Any]:  # noqa: ANN401 - any kind of key
    maker = (
        jwt.algorithms.RSAAlgorithm if algorithm.startswith("RS") else jwt.algorithms.ECAlgorithm
    )
    jwk: dict[str, Any] = json.loads(maker.to_jwk(key.public_key()))
    return {**jwk, "kid": name, "alg": algorithm, "use": "sig"}


class Keys:
    """An issuer's published keys, and how often they were asked for."""

    def __init__(self) -> None:
        self.keys = [public(RSA, "rsa", "RS256"), public(EC, "ec", "ES256")]
        self.asked = 0
        self.is_away = False


@pytest.fixture
def published() -> Iterator[tuple[Keys, str]]:
    keys = Keys()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            keys.asked += 1
            body = json.dumps({"keys": keys.keys}).encode()
            self.send_response(503 if keys.is_away else 200)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Quiet."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield keys, f"http://127.0.0.1:{server.server_port}/keys"
        server.shutdown()


def token(key: Any = RSA, name: str = "rsa", algorithm: str = "RS256", **changes: Any) -> str:  # noqa: ANN401 - any kind of key
    claims = {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "client_id": "clinic-system",
        "exp": int(time.time()) + 300,
    } | changes
    return jwt.encode(
        {k: v for k, v in claims.items() if v is not None},
        key,
        algorithm=algorithm,
        headers={"kid": name},
    )


def signed_by_hand(header: dict[str, Any], secret: bytes) -> str:
    """A token made with a published key as if it were a secret, which libraries refuse to make."""
    claims = {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "client_id": "clinic-system",
        "exp": int(time.time()) + 300,
    }
    parts = [
        base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=")
        for part in (header, claims)
    ]
    mac = hmac.new(secret, b".".join(parts), "sha256").digest() if secret else b""
    return b".".join([*parts, base64.urlsafe_b64encode(mac).rstrip(b"=")]).decode()


def encoded(part: bytes) -> str:
    """A part of a token, in whatever bytes."""
    return base64.urlsafe_b64encode(part).rstrip(b"=").decode()


@pytest.fixture
async def agencies(ingest_database: AsyncEngine, published: tuple[Keys, str]) -> Agencies:
    register = AgencyRegister(ingest_database, SECRET)
    await register.add(
        "clinic",
        is_operator=False,
        by="op",
        now=datetime.now(UTC),
        remit=Remit(("MedicalClaimSettled",), ("3703",)),
    )
    await register.set_client("clinic", "clinic-system", by="op", now=datetime.now(UTC))
    return Agencies(ingest_database, SECRET, Tokens(Issuer(ISSUER, AUDIENCE, published[1])))


RIGHT: dict[str, Callable[[], str]] = {
    "RS256": token,
    "ES256": lambda: token(EC, "ec", "ES256"),
    "azp": lambda: token(client_id=None, azp="clinic-system"),
    "more than one audience": lambda: token(aud=["x", AUDIENCE]),
}
"""Made when they are used: a token lives five minutes."""


@pytest.mark.parametrize("name", RIGHT)
async def test_a_token_that_is_right_is_its_agency_with_its_remit(
    agencies: Agencies, name: str
) -> None:
    caller = await agencies.caller(f"Bearer {RIGHT[name]()}")

    assert caller is not None
    assert (caller.agency, caller.is_operator, caller.kinds, caller.areas) == (
        "clinic",
        False,
        ("MedicalClaimSettled",),
        ("3703",),
    )


PEM = RSA.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
WRONG: dict[str, Callable[[], str]] = {
    "expired": lambda: token(exp=int(time.time()) - 3_600),
    "not yet": lambda: token(nbf=int(time.time()) + 3_600),
    "never expires": lambda: token(exp=None),
    "another issuer": lambda: token(iss="https://elsewhere.example"),
    "another audience": lambda: token(aud="foothold-alerts"),
    "no audience": lambda: token(aud=None),
    "no client": lambda: token(client_id=None),
    "a client nobody has": lambda: token(client_id="stranger"),
    "a client that is no text": lambda: token(client_id=7),
    "signed by another key": lambda: token(OTHER),
    "an unknown key": lambda: token(OTHER, "unheard-of"),
    "a key of another kind": lambda: token(EC, "rsa", "ES256"),
    "alg none": lambda: signed_by_hand({"alg": "none", "kid": "rsa"}, b""),
    "HS256 with the public key": lambda: signed_by_hand({"alg": "HS256", "kid": "rsa"}, PEM),
    "cut off": lambda: token()[:-8],
    "no token": lambda: "a.b.c",
    "expires beyond every number": lambda: token(exp=float("inf")),
    "expires at no number": lambda: token(exp="tomorrow"),
    "expires at a list": lambda: token(exp=[1]),
    "begins beyond every number": lambda: token(nbf=float("inf")),
    "made beyond every number": lambda: token(iat=float("inf")),
    "made at no number": lambda: token(iat="now"),
    "a client with a NUL": lambda: token(client_id="clinic\x00system"),
    "a client that is half a letter": lambda: token(client_id="\ud800"),
    "a client without end": lambda: token(client_id="x" * 10_000),
    "a header nested without end": lambda: f"{encoded(b'[' * 100_000)}.b.c",
    "a header that is a list": lambda: f"{encoded(b'[]')}.b.c",
    "a key that is a list": lambda: (
        f"{encoded(json.dumps({'alg': 'RS256', 'kid': []}).encode())}.b.c"
    ),
    "an algorithm that is a list": lambda: signed_by_hand({"alg": ["RS256"], "kid": "rsa"}, PEM),
    "a header that is no UTF-8": lambda: f"{encoded(bytes([255]))}.b.c",
}


@pytest.mark.parametrize("name", WRONG)
async def test_everything_else_is_nobody(agencies: Agencies, name: str) -> None:
    assert await agencies.caller(f"Bearer {WRONG[name]()}") is None


async def test_a_flood_of_unknown_keys_asks_the_issuer_once_and_an_issuer_away_keeps_those_known(
    agencies: Agencies, published: tuple[Keys, str]
) -> None:
    keys, _ = published
    for n in range(50):
        assert await agencies.caller(f"Bearer {token(OTHER, f'made-up-{n}')}") is None
    keys.is_away = True

    assert await agencies.caller(f"Bearer {token()}") is not None
    assert keys.asked == 1


async def test_a_disabled_agency_and_an_operator_have_no_tokens(
    ingest_database: AsyncEngine, agencies: Agencies
) -> None:
    register = AgencyRegister(ingest_database, SECRET)
    await register.set_disabled("clinic", is_disabled=True, by="op", now=datetime.now(UTC))
    await register.add("op", is_operator=True, by="op", now=datetime.now(UTC))
    await register.add("other", is_operator=False, by="op", now=datetime.now(UTC))

    assert await agencies.caller(f"Bearer {token()}") is None
    with pytest.raises(NotPossible, match="keys only"):
        await register.set_client("op", "op-system", by="op", now=datetime.now(UTC))
    with pytest.raises(NotPossible, match="taken as clinic's"):
        await register.set_client("other", "clinic-system", by="op", now=datetime.now(UTC))


async def test_without_an_issuer_a_token_is_nobody(ingest_database: AsyncEngine) -> None:
    assert await Agencies(ingest_database, SECRET).caller(f"Bearer {token()}") is None


@pytest.mark.parametrize(
    "changes",
    [
        {"oidc_issuer": ISSUER},
        {"oidc_issuer": ISSUER, "oidc_keys_url": "http://login.county.example/keys"},
    ],
)
def test_half_an_issuer_or_keys_over_plain_http_are_refused_at_the_start(
    parts: Parts, changes: dict[str, str]
) -> None:
    with pytest.raises(ValidationError, match="FOOTHOLD_OIDC"):
        ingest_settings(parts, **changes)


async def test_a_defect_of_ours_is_not_taken_for_a_wrong_token(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def fails(_: Tokens) -> None:
        raise LookupError

    monkeypatch.setattr(Tokens, "_fetch", fails)
    with pytest.raises(LookupError):
        await Tokens(Issuer(ISSUER, AUDIENCE, "http://127.0.0.1:1")).client_of(token())
