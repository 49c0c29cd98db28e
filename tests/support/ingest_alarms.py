"""What breaks at night in ingest, done on purpose: part of `alarms`."""

from collections.abc import Callable
from typing import Final

import psycopg
from confluent_kafka import Producer, TopicPartition
from confluent_kafka.admin import AdminClient

from deploy.local.stack import Stack
from foothold_runtime.attempts import MOST_IN_AN_HOUR
from foothold_schemas.topics import FACT_DISPUTES, agency_card
from tests.faults.defect import RAISES

LIMIT: Final = 20


class IngestBreaker:
    """Breaks ingest's readers and jobs one after another."""

    stack: Stack
    _expect: Callable[..., None]
    _is_over: Callable[..., None]

    def an_agency_sends_rubbish(self) -> None:
        """One bad record waits in quarantine; so many in a row, and its topic is read no further until a person resumes it; some of it is gone by then."""
        bank = agency_card("bank").name
        self._write(agency_card("statistics").name, b"not an event")
        self._expect("FootholdQuarantineAgeing")
        self._write(bank, *[b"not an event"] * (LIMIT + 5))
        self._expect("FootholdAgencyPaused")
        admin = AdminClient({"bootstrap.servers": self.stack.kafka.bootstrap})
        for done in admin.delete_records([TopicPartition(bank, 0, LIMIT + 3)]).values():
            done.result(30)
        self._expect("FootholdRecordsLost")
        self.stack.command("ingest", "reader", "resume", "bank")
        self._is_over("FootholdAgencyPaused")

    def an_agency_leaves_a_transaction_open(self) -> None:
        """What it writes behind it cannot be read."""
        topic = agency_card("bank").name
        hanging = Producer({"bootstrap.servers": self.stack.kafka.bootstrap, "transactional.id": "bank"})
        hanging.init_transactions(30)
        hanging.begin_transaction()
        hanging.produce(topic, b"not an event")
        hanging.flush(30)
        self._write(topic, b"not an event either")
        self._expect("FootholdAgencyUnread")
        hanging.abort_transaction(30)
        self._is_over("FootholdAgencyUnread")

    def ingest_has_a_defect(self) -> None:
        """Its readers fail at a record, then at so many that it is no longer the records' fault."""
        self.stack.services.pop("ingest").stop()
        self.stack.start_service("ingest", "tests.faults.defect")
        self._write(agency_card("bank").name, RAISES.encode())
        self._expect("FootholdRecordsUnprocessable")
        self._write(agency_card("bank").name, *[RAISES.encode()] * MOST_IN_AN_HOUR)
        self._expect("FootholdProgramAtFault")

    def a_job_stands_still(self) -> None:
        """Somebody has locked a table, and forgotten it; then a file that failed three times is given up."""
        with psycopg.connect(self._ingest_database()) as locked:
            locked.execute("lock table doubles in access exclusive mode")
            self._expect("FootholdJobStandsStill")
        self._is_over("FootholdJobStandsStill")
        with psycopg.connect(self._ingest_database(), autocommit=True) as database:
            database.execute(
                "insert into uploads (upload_id, agency, at, as_of, mapping, mapping_text, file_name, size, is_dry_run, traceparent, status, share, rows_done,"
                " counts, attempts) values ('worn-out', 'bank', now(), now(), 'incomes', '', '', 1, false, '', 'waiting', 0, 0, '{}', 3)"
            )
        self._expect("FootholdWorkGivenUp")

    def a_writer_is_broken(self) -> None:
        """So many records in a row that the desk cannot read: that reader of alerts stops until it is started again."""
        self._write(FACT_DISPUTES.name, *[b"not a word"] * LIMIT)
        self._expect("FootholdReaderStopped")

    def _write(self, topic: str, *values: bytes) -> None:
        producer = Producer({"bootstrap.servers": self.stack.kafka.bootstrap})
        for value in values:
            producer.produce(topic, value, partition=0)
        assert producer.flush(30) == 0

    def _ingest_database(self) -> str:
        return self.stack.postgres.url("foothold_ingest").replace("+psycopg", "")
