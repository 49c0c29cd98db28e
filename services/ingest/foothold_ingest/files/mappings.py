"""Mappings: those shipped for every kind of file, and an agency's own, which hold before them."""

from collections.abc import Mapping as Dict
from datetime import datetime
from functools import cache
from importlib.resources import files

import yaml
from pydantic import ValidationError
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncEngine

from foothold_ingest.database import MappingRow
from foothold_ingest.rules.rows.mapping import Mapping


class WrongMapping(ValueError):  # noqa: N818 - an answer
    """The text is no mapping; the message says where and why."""


def parse(text: str) -> Mapping:
    """Read a mapping's YAML; raise WrongMapping."""
    try:
        content = yaml.safe_load(text)
        return Mapping.model_validate(content)
    except yaml.YAMLError as error:
        raise WrongMapping(f"this is no YAML: {' '.join(str(error).split())}") from None
    except ValidationError as error:
        wrong = "; ".join(
            f"{'/'.join(str(p) for p in e['loc']) or 'the mapping'}:"
            f" {e['msg'].removeprefix('Value error, ')}"
            for e in error.errors()
        )
        raise WrongMapping(wrong) from None


@cache
def shipped() -> Dict[str, str]:
    """Name → YAML of every mapping that comes with Foothold."""
    folder = files("foothold_ingest").joinpath("files/standard")
    texts = [
        path.read_text(encoding="utf-8") for path in folder.iterdir() if path.name.endswith(".yaml")
    ]
    return {parse(text).name: text for text in sorted(texts)}


class MappingBook:
    """What an agency's files look like."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def of(self, agency: str) -> dict[str, str]:
        """Name → YAML of the mappings this agency may name."""
        query = select(MappingRow.name, MappingRow.text).where(MappingRow.agency == agency)
        async with self._engine.connect() as connection:
            own = {row.name: row.text for row in await connection.execute(query)}
        return {**shipped(), **own}

    async def set(self, agency: str, text: str, now: datetime) -> Mapping:
        """Keep an agency's own mapping, in place of one of the same name; raise WrongMapping."""
        mapping = parse(text)
        values = {"text": text, "set_at": now}
        insert_query = insert(MappingRow).values(agency=agency, name=mapping.name, **values)
        async with self._engine.begin() as connection:
            await connection.execute(
                insert_query.on_conflict_do_update(index_elements=["agency", "name"], set_=values)
            )
        return mapping
