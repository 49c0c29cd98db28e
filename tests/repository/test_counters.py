"""Counters are there, at zero, before anything has happened.

So `increase()` never sees an event that brings its own series along.
"""

from collections.abc import Callable

import pytest
from prometheus_client import CollectorRegistry

import foothold_alerts.metrics
import foothold_ingest.metrics
import foothold_risk.metrics

CATALOGUES: list[Callable[[CollectorRegistry], object]] = [
    foothold_ingest.metrics.Metrics,
    foothold_risk.metrics.Metrics,
    foothold_risk.metrics.RegionMetrics,
    foothold_alerts.metrics.Metrics,
]
BY_COUNTY = "foothold_regions_warnings"
"""Its counties are not known before the first of them is heard of."""


@pytest.mark.parametrize("catalogue", CATALOGUES)
def test_every_counter_stands_at_zero_from_the_beginning(
    catalogue: Callable[[CollectorRegistry], object],
) -> None:
    registry = CollectorRegistry()
    catalogue(registry)
    counters = {
        family.name: [s.value for s in family.samples if s.name.endswith("_total")]
        for family in registry.collect()
        if family.type == "counter"
    }

    assert counters
    assert [name for name, values in counters.items() if not values and name != BY_COUNTY] == []
    assert {value for values in counters.values() for value in values} == {0}


def test_a_countys_warnings_are_counted_from_zero_once_it_is_heard_of() -> None:
    metrics = foothold_risk.metrics.RegionMetrics(CollectorRegistry())
    metrics.expect_warnings("370399")
    levels = {
        (s.labels["level"], s.labels["direction"])
        for f in metrics.warnings.collect()
        for s in f.samples
        if s.name.endswith("_total")
    }

    assert levels == {
        (level, direction)
        for level in ("I", "II", "III", "IV", "none")
        for direction in ("up", "down")
    }
