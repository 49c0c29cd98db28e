"""Makes every alert fire by breaking what it watches.

This is before a real Prometheus that asks the running services by the shipped rules.
"""

import time
from pathlib import Path

import pytest

from deploy.grafana.boards import BOARDS, Query
from deploy.local.watch import BINARY, alert_names
from tests.support.alarms.alarms import Breaker, watched
from tests.support.alarms.alarms_of_defects import (
    a_household_cannot_be_judged,
    a_job_fails_for_good,
    a_part_stands_still,
)
from tests.support.running.charts import draw
from tests.support.running.parts import ROOT
from tests.support.running.prometheus import Prometheus, on_screen

pytestmark = [
    pytest.mark.kafka,
    pytest.mark.postgres,
    pytest.mark.timeout(1200),
    pytest.mark.skipif(
        BINARY is None, reason="prometheus is not installed (Debian: apt-get install prometheus)"
    ),
]

PICTURES = ROOT / "var" / "pictures"


def test_alerts_fire_when_what_they_watch_breaks_and_are_over_when_it_is_mended(
    folder: Path,
) -> None:
    """Tests some of the alerts below.

    Their rules ask for a day, for agencies' topics and a whole service.
    """
    with watched(folder) as (stack, prometheus), Breaker(stack, prometheus) as broken:
        broken.days_stand_still()
        broken.an_agency_sends_rubbish()
        broken.ingest_is_gone()

        assert prometheus.seen == {
            "FootholdDayMissing",
            "FootholdQuarantineAgeing",
            "FootholdAgencyPaused",
            "FootholdRecordsLost",
            "FootholdIngestDown",
        }


@pytest.mark.long
def test_every_alert_fires_once_when_what_it_watches_breaks_and_every_panel_shows_something(
    folder: Path,
) -> None:
    began = time.monotonic()
    with watched(folder) as (stack, prometheus), Breaker(stack, prometheus) as broken:
        broken.days_stand_still()
        broken.a_bank_is_silent()
        broken.a_receiver_takes_nothing()
        broken.an_agency_sends_rubbish()
        broken.an_agency_leaves_a_transaction_open()
        broken.a_job_stands_still()
        broken.ingest_has_a_defect()
        broken.ingest_is_gone()
        broken.help_is_late()
        broken.kafka_hangs()
        broken.one_of_two_brokers_is_gone()
        broken.the_database_is_gone()
        broken.one_of_two_is_gone()
        broken.a_disk_fills()
        broken.strangers_send_half_requests()
        broken.the_desks_loop_stands_still()
        broken.a_fact_is_doubted()
        broken.two_statements_look_like_one()
        broken.a_writer_is_broken()
        broken.a_person_stands_in_two_households()
        a_household_cannot_be_judged(broken)
        a_job_fails_for_good(broken)
        a_part_stands_still(broken)
        broken.the_windows_are_gone()
        broken.a_partition_stands_still()
        broken.the_calendar_is_not_published()
        broken.a_receiver_took_nothing()
        broken.everything_comes_at_once_while_nobody_judges()

        assert prometheus.seen == alert_names()

        broken.a_day_after()
        empty = [query for board in BOARDS for panel in board.panels for query in panel.queries]
        for number in range(60):
            broken.work_goes_on(number)
            empty = [query for query in empty if not _numbers(prometheus, query)]
            if not empty:
                break
            time.sleep(1)
        assert empty == []
        for board in BOARDS:
            draw(board, prometheus, int(time.monotonic() - began), PICTURES / f"{board.name}.png")


def _numbers(prometheus: Prometheus, query: Query) -> list[str]:
    return [
        sample["value"][1]
        for sample in prometheus.query(on_screen(query.expression))
        if sample["value"][1] != "NaN"
    ]
