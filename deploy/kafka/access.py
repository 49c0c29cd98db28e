"""Who may do what at a secured broker.

There is one name for each service and one for each agency; rights come from the topic cards and
nothing beside them.

`python -m deploy.kafka.access` prints the commands that give the services their rights;
`foothold-ingest agency add` prints an agency's.
"""

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from foothold_schemas.wire.topics import RISK_GROUP, TOPICS

SERVICES: Final = ("ingest", "risk", "alerts")
AGENCIES: Final = "agency."
"""How agencies' own topics begin: ingest makes and reads them."""


@dataclass(frozen=True, slots=True)
class Right:
    """What a name may do with a resource; `kind` is `topic`, `group` or `transactional-id`.

    Prefixed: with all whose names begin so.
    """

    principal: str
    operations: tuple[str, ...]
    kind: str
    name: str
    is_prefixed: bool = False

    @property
    def command(self) -> str:
        """The words for Kafka's own tool."""
        operations = " ".join(f"--operation {operation}" for operation in self.operations)
        prefixed = " --resource-pattern-type prefixed" if self.is_prefixed else ""
        who = f"--add --allow-principal User:{self.principal} {operations}"
        return (
            f"kafka-acls.sh --bootstrap-server ... --command-config ... {who} --{self.kind}"
            f" {self.name}{prefixed}"
        )


def principal(service: str) -> str:
    """A service's name at the broker."""
    return f"foothold-{service}"


def rights(service: str) -> Iterator[Right]:
    """Its topics as the cards say, its own consumer groups, its own transactions."""
    name = principal(service)
    for card in TOPICS:
        may = (
            *(("Write",) if service in card.writers else ()),
            *(("Read",) if service in card.readers else ()),
        )
        if may:
            yield Right(name, (*may, "Describe"), "topic", card.name)
    if service == "ingest":
        yield Right(name, ("Create", "Read", "Describe"), "topic", AGENCIES, is_prefixed=True)
        yield Right(name, ("Describe",), "group", RISK_GROUP)
    yield Right(name, ("Read",), "group", service, is_prefixed=True)
    yield Right(name, ("Write", "Describe"), "transactional-id", f"{name}-", is_prefixed=True)


def main() -> None:
    """One command a line."""
    sys.stdout.writelines(f"{right.command}\n" for service in SERVICES for right in rights(service))


if __name__ == "__main__":
    main()
