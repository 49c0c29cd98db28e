"""Builds what serving and commands need, and takes it down again.

It builds in the order in which the parts need one another.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncEngine

from foothold_ingest.agencies.arrivals import ArrivalBook
from foothold_ingest.agencies.audit import Audit
from foothold_ingest.agencies.callers import Agencies
from foothold_ingest.agencies.feeds import FeedBook
from foothold_ingest.agencies.readers import ReaderBook
from foothold_ingest.agencies.register import AgencyRegister
from foothold_ingest.agencies.tokens import Issuer, Tokens
from foothold_ingest.database import connect
from foothold_ingest.disputes.asking import Questions
from foothold_ingest.disputes.book import DisputeBook
from foothold_ingest.files.mappings import MappingBook
from foothold_ingest.files.store import UploadStore
from foothold_ingest.files.versions import Versions
from foothold_ingest.files.work import FileWorker
from foothold_ingest.intake.announcing import Announcer
from foothold_ingest.intake.county_codes import RegionBook
from foothold_ingest.intake.days import Days
from foothold_ingest.intake.intake import Intake, Registers
from foothold_ingest.intake.releaser import Releaser
from foothold_ingest.intake.statement_answers import StatementAsking
from foothold_ingest.log.search import LogSearch
from foothold_ingest.log.writer import Publisher
from foothold_ingest.metrics import Metrics
from foothold_ingest.people.directory import Directory
from foothold_ingest.people.held import HeldBook
from foothold_ingest.people.register import PeopleRegister
from foothold_ingest.people.tickets import Tickets
from foothold_ingest.quarantine.retry import Retrier
from foothold_ingest.settings import Settings, quarantine_seal
from foothold_ingest.statements.questions import StatementQuestionBook
from foothold_ingest.statements.versions import StatementBook
from foothold_schemas.seal import Purpose, Seal


@dataclass(frozen=True, slots=True)
class Built:
    """The parts of one process."""

    settings: Settings
    metrics: Metrics
    engine: AsyncEngine
    agencies: Agencies
    register: AgencyRegister
    publisher: Publisher
    directory: Directory
    people: PeopleRegister
    statements: StatementBook
    regions: RegionBook
    intake: Intake
    arrivals: ArrivalBook
    readers: ReaderBook
    days: Days
    uploads: UploadStore
    mappings: MappingBook
    files: FileWorker
    releaser: Releaser
    retrier: Retrier
    search: LogSearch
    disputes: DisputeBook
    statement_questions: StatementQuestionBook
    statement_asking: StatementAsking
    questions: Questions
    tickets: Tickets
    seal: Seal


def _tokens(settings: Settings) -> Tokens | None:
    if settings.oidc_issuer is None or settings.oidc_keys_url is None:
        return None
    return Tokens(Issuer(settings.oidc_issuer, settings.oidc_audience, settings.oidc_keys_url))


@asynccontextmanager
async def built(settings: Settings, metrics: Metrics, instance: str) -> AsyncIterator[Built]:
    """Everything connected.

    `instance` names the broadcasting producer: two running processes never share one.
    """
    engine = connect(settings.ingest_database_url)
    publisher = Publisher(
        broker=settings.broker,
        instance=instance,
        partitions=settings.partitions,
        max_in_flight=settings.ingest_max_in_flight,
        send_seconds=settings.ingest_send_seconds,
        metrics=metrics,
    )
    try:
        await publisher.start()
        directory = Directory(
            engine, publisher, settings.directory_secret.get_secret_value().encode()
        )
        days = Days(engine, publisher, metrics, settings.day_clock, settings.go_live)
        await days.load()
        secret = settings.household_secret.get_secret_value().encode()
        agencies = Agencies(
            engine, settings.key_secret.get_secret_value().encode(), _tokens(settings)
        )
        people, regions, held = (
            PeopleRegister(engine, secret),
            RegionBook(engine),
            HeldBook(engine, Seal(secret, Purpose.HELD)),
        )
        arrivals, disputes = ArrivalBook(engine), DisputeBook(engine)
        statements = StatementBook(engine, Seal(secret, Purpose.STATEMENT))
        statement_questions = StatementQuestionBook(engine, Seal(secret, Purpose.STATEMENT))
        search = LogSearch(settings.broker, settings.partitions)
        intake = Intake(
            publisher=publisher,
            announcer=Announcer(publisher, settings.broker),
            directory=directory,
            people=people,
            regions=regions,
            books=Registers(
                FeedBook(engine),
                held,
                Audit(engine),
                arrivals,
                disputes,
                statements,
                statement_questions,
            ),
            metrics=metrics,
            secret=secret,
        )
        releaser = Releaser(
            engine, held, agencies=agencies, intake=intake, days=days, metrics=metrics
        )
        intake.release_by(releaser.release)
        uploads = UploadStore(engine, Seal(secret, Purpose.FILE), quarantine_seal(settings))
        files = FileWorker(
            uploads,
            agencies=agencies,
            intake=intake,
            versions=Versions(statements, people),
            days=days,
            metrics=metrics,
        )
        seal = quarantine_seal(settings)
        yield Built(
            settings=settings,
            metrics=metrics,
            engine=engine,
            agencies=agencies,
            register=AgencyRegister(engine, settings.key_secret.get_secret_value().encode()),
            publisher=publisher,
            directory=directory,
            people=people,
            statements=statements,
            regions=regions,
            intake=intake,
            arrivals=arrivals,
            readers=ReaderBook(engine, settings.dead_letter_limit),
            days=days,
            uploads=uploads,
            mappings=MappingBook(engine),
            files=files,
            retrier=Retrier(
                engine,
                seal,
                agencies=agencies,
                intake=intake,
                publisher=publisher,
                days=days,
                files=files,
            ),
            releaser=releaser,
            search=search,
            disputes=disputes,
            statement_questions=statement_questions,
            statement_asking=StatementAsking(engine, statement_questions, search, intake, metrics),
            questions=Questions(engine, disputes, search, publisher, metrics),
            tickets=Tickets(engine, publisher, metrics),
            seal=seal,
        )
    finally:
        if not publisher.broken.done():
            await publisher.stop()
        await engine.dispose()
