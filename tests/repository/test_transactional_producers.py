"""Only the guarded producer writes transactions."""

import ast
from pathlib import Path

ROOT = Path(__file__).parents[2]


def unguarded(source: str) -> list[int]:
    """Lines that make a transactional producer of aiokafka's own."""
    calls = (node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call))
    return [
        call.lineno
        for call in calls
        if isinstance(call.func, ast.Name)
        and call.func.id == "AIOKafkaProducer"
        and any(k.arg == "transactional_id" for k in call.keywords)
    ]


def test_no_service_makes_a_transactional_producer_of_its_own() -> None:
    files = sorted(
        file for room in ("services", "runtime", "deploy") for file in (ROOT / room).rglob("*.py")
    )

    assert len(files) > 100
    assert [
        f"{file.name}:{line}"
        for file in files
        for line in unguarded(file.read_text(encoding="utf-8"))
    ] == []


def test_one_is_noticed() -> None:
    assert unguarded("producer = AIOKafkaProducer(**options, transactional_id='x')\n") == [1]
