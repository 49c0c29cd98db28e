"""Workflows as data: limits with their references, and the loader that refuses what is not clear."""

from pathlib import Path
from typing import Final, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field

from foothold_alerts.rules.workflow import Limits


class Limit(BaseModel):
    """A number, where it comes from and how sure that is."""

    model_config = ConfigDict(extra="forbid", strict=True)

    value: int = Field(ge=1, le=1000)
    reference: str = Field(min_length=8)
    confidence: Literal["H", "M", "L", "I"]


class SignalWorkflow(BaseModel):
    """The file `signal.yaml`."""

    model_config = ConfigDict(extra="forbid", strict=True)

    settle_days: Limit
    emergency_hours: Limit
    papers_days: Limit


SHIPPED: Final = Path(__file__).with_name("signal.yaml")


def load_limits(file: Path = SHIPPED) -> Limits:
    """The limits; raise ValidationError for anything unknown, missing or without reference."""
    workflow = SignalWorkflow.model_validate(yaml.safe_load(file.read_text(encoding="utf-8")))
    return Limits(settle_days=workflow.settle_days.value, emergency_hours=workflow.emergency_hours.value, papers_days=workflow.papers_days.value)
