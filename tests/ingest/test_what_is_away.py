"""A refusal of the database is not by itself an absence of it."""

import psycopg
import pytest
from psycopg import errors

from foothold_runtime.process.away import unavailable_dependency


@pytest.mark.parametrize(
    "error",
    [
        psycopg.OperationalError("connection refused"),
        errors.AdminShutdown(),
        errors.DiskFull(),
        errors.DeadlockDetected(),
    ],
)
def test_an_absent_database_is_away(error: Exception) -> None:
    assert "PostgreSQL" in str(unavailable_dependency(error))


@pytest.mark.parametrize(
    "error",
    [
        errors.ProgramLimitExceeded(),
        errors.StatementTooComplex(),
        errors.QueryCanceled(),
        errors.LockNotAvailable(),
    ],
)
def test_a_statement_it_refuses_is_a_defect_of_ours(error: Exception) -> None:
    assert isinstance(error, psycopg.OperationalError)
    assert unavailable_dependency(error) is None
