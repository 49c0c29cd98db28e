"""A broker that trusts nobody, and a Foothold on it.

It has SASL_SSL with SCRAM-SHA-512, a name for each service and agency, and rights by lists.
"""

import shlex
from collections.abc import Iterable
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

import trustme
from confluent_kafka.admin import (  # type: ignore[attr-defined]  # its stubs leave these out
    AclBinding,
    AclOperation,
    AclPermissionType,
    AdminClient,
    ResourcePatternType,
    ResourceType,
)
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from deploy.kafka.access import SERVICES, Right, principal, rights
from deploy.local.kafka import Kafka
from deploy.local.ports import LOOPBACK
from deploy.local.stack import Ports, Stack
from foothold_runtime.broker import Broker

ADMIN: Final = "admin"
KINDS: Final = {
    "topic": ResourceType.TOPIC,
    "group": ResourceType.GROUP,
    "transactional-id": ResourceType.TRANSACTIONAL_ID,
}


class SecuredKafka(Kafka):
    """Clients come by TLS with a name and a password.

    Broker and controller know one another by certificate.
    """

    def __init__(self, folder: Path, agencies: Iterable[str]) -> None:
        super().__init__(folder, print)
        self.passwords = {
            name: f"secret-of-{name}" for name in (ADMIN, *map(principal, SERVICES), *agencies)
        }
        folder.mkdir(parents=True)
        authority, self.ca, self.own = trustme.CA(), folder / "ca.pem", folder / "broker.pem"
        certificate = authority.issue_cert(LOOPBACK, common_name="broker")
        authority.cert_pem.write_to_path(str(self.ca))
        # Kafka reads PKCS #8 only
        key = load_pem_private_key(certificate.private_key_pem.bytes(), None)
        chain = b"".join(pem.bytes() for pem in certificate.cert_chain_pems)
        self.own.write_bytes(
            key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()) + chain
        )
        self.formatting = tuple(
            word
            for name in self.passwords
            for word in (
                "--add-scram",
                f"SCRAM-SHA-512=[name={name},password={self.passwords[name]}]",
            )
        )

    def properties(self) -> dict[str, str]:
        """As the operations guide asks for."""
        stores = {
            "keystore.type": "PEM",
            "keystore.location": str(self.own),
            "truststore.type": "PEM",
            "truststore.location": str(self.ca),
        }
        login = "org.apache.kafka.common.security.scram.ScramLoginModule required"
        return super().properties() | {
            "listeners": (
                f"SASL_SSL://{LOOPBACK}:{self.port},CONTROLLER://{LOOPBACK}:{self.controller_port}"
            ),
            "advertised.listeners": f"SASL_SSL://{LOOPBACK}:{self.port}",
            "listener.security.protocol.map": "SASL_SSL:SASL_SSL,CONTROLLER:SSL",
            "inter.broker.listener.name": "SASL_SSL",
            "sasl.enabled.mechanisms": "SCRAM-SHA-512",
            "sasl.mechanism.inter.broker.protocol": "SCRAM-SHA-512",
            "listener.name.sasl_ssl.scram-sha-512.sasl.jaas.config": (
                f'{login} username="{ADMIN}" password="{self.passwords[ADMIN]}";'
            ),
            "listener.name.controller.ssl.client.auth": "required",
            "ssl.principal.mapping.rules": "RULE:^.*CN=([^,]+).*$/$1/,DEFAULT",
            "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
            "allow.everyone.if.no.acl.found": "false",
            "super.users": f"User:{ADMIN};User:broker",
            **{f"ssl.{name}": value for name, value in stores.items()},
        }

    @property
    def broker(self) -> Broker:
        """Whoever makes topics and gives rights."""
        return self.known_as(ADMIN)

    def known_as(self, name: str) -> Broker:
        """How this name connects."""
        return Broker(self.bootstrap, name, self.passwords[name], self.ca)

    def client(self, name: str, **more: object) -> dict[str, Any]:
        """The same for librdkafka."""
        how = {
            "security.protocol": "SASL_SSL",
            "sasl.mechanism": "SCRAM-SHA-512",
            "ssl.ca.location": str(self.ca),
        }
        return {
            "bootstrap.servers": self.bootstrap,
            **how,
            "sasl.username": name,
            "sasl.password": self.passwords[name],
            **more,
        }

    def give(self, given: Iterable[Right]) -> None:
        """These rights and no others."""
        bindings = [
            AclBinding(
                KINDS[right.kind],
                right.name,
                ResourcePatternType.PREFIXED if right.is_prefixed else ResourcePatternType.LITERAL,
                f"User:{right.principal}",
                "*",
                AclOperation[operation.upper()],
                AclPermissionType.ALLOW,
            )
            for right in given
            for operation in right.operations
        ]
        admin = AdminClient(self.client(ADMIN))
        for done in admin.create_acls(bindings).values():
            done.result(30)


def right_of(command: str) -> Right:
    """What a printed `kafka-acls.sh` command gives."""
    words = shlex.split(command.lstrip("# "))
    given = {
        word: [b for a, b in pairwise(words) if a == word]
        for word in words
        if word.startswith("--")
    }
    (kind,) = (kind for kind in KINDS if f"--{kind}" in given)
    operations, name = tuple(given["--operation"]), given[f"--{kind}"][0]
    return Right(
        given["--allow-principal"][0].removeprefix("User:"),
        operations,
        kind,
        name,
        is_prefixed="--resource-pattern-type" in given,
    )


class SecuredStack(Stack):
    """Each service under its own name, with the rights of the printed commands."""

    def __init__(self, folder: Path, agencies: Iterable[str], policy_folder: Path) -> None:
        super().__init__(folder, Ports.free(), day_clock="manual", policy_folder=policy_folder)
        self.kafka: SecuredKafka = SecuredKafka(self.folder / "kafka", agencies)

    def start_service(self, name: str, module: str | None = None) -> Any:  # noqa: ANN401 - what the stack gives
        """With its rights."""
        if not self.services:
            self.kafka.give(right for service in SERVICES for right in rights(service))
        return super().start_service(name, module)

    def environment_of(self, name: str) -> dict[str, str]:
        service = {"regions": "risk"}.get(name, name)
        known = {
            "FOOTHOLD_KAFKA_USERNAME": principal(service),
            "FOOTHOLD_KAFKA_PASSWORD": self.kafka.passwords[principal(service)],
        }
        return {**super().environment_of(name), **known, "FOOTHOLD_KAFKA_CA": str(self.kafka.ca)}
