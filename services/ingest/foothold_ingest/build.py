"""Builds what serving and commands need, and takes it down again.

It builds in the order in which the parts need one another.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import NamedTuple

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
        yield await _parts(_Base(settings, metrics, engine, publisher))
    finally:
        if not publisher.broken.done():
            await publisher.stop()
        await engine.dispose()


class _Base(NamedTuple):
    """What every part stands on."""

    settings: Settings
    metrics: Metrics
    engine: AsyncEngine
    publisher: Publisher

    @property
    def secret(self) -> bytes:
        """Of the pseudonyms, and of what stands sealed in the tables."""
        return self.settings.household_secret.get_secret_value().encode()

    @property
    def key_secret(self) -> bytes:
        """Of the agencies' keys."""
        return self.settings.key_secret.get_secret_value().encode()


class _Taking(NamedTuple):
    """What events are taken through."""

    agencies: Agencies
    days: Days
    directory: Directory
    people: PeopleRegister
    regions: RegionBook
    books: Registers
    intake: Intake


async def _parts(base: _Base) -> Built:
    settings, metrics, engine, publisher = base
    taking = await _taking(base)
    intake, books = taking.intake, taking.books
    releaser = Releaser(
        engine,
        books.held,
        agencies=taking.agencies,
        intake=intake,
        days=taking.days,
        metrics=metrics,
    )
    intake.release_by(releaser.release)
    seal, search = quarantine_seal(settings), LogSearch(settings.broker, settings.partitions)
    uploads = UploadStore(engine, Seal(base.secret, Purpose.FILE), seal)
    files = _files(base, taking, uploads)
    return Built(
        settings=settings,
        metrics=metrics,
        engine=engine,
        agencies=taking.agencies,
        register=AgencyRegister(engine, base.key_secret),
        publisher=publisher,
        directory=taking.directory,
        people=taking.people,
        statements=books.statements,
        regions=taking.regions,
        intake=intake,
        arrivals=books.arrivals,
        readers=ReaderBook(engine, settings.dead_letter_limit),
        days=taking.days,
        uploads=uploads,
        mappings=MappingBook(engine),
        files=files,
        releaser=releaser,
        retrier=_retrier(base, taking, files, seal),
        search=search,
        disputes=books.disputes,
        statement_questions=books.questions,
        statement_asking=StatementAsking(engine, books.questions, search, intake, metrics),
        questions=Questions(engine, books.disputes, search, publisher, metrics),
        tickets=Tickets(engine, publisher, metrics),
        seal=seal,
    )


async def _taking(base: _Base) -> _Taking:
    settings, metrics, engine, publisher = base
    directory = Directory(engine, publisher, settings.directory_secret.get_secret_value().encode())
    days = Days(engine, publisher, metrics, settings.day_clock, settings.go_live)
    await days.load()
    agencies = Agencies(engine, base.key_secret, _tokens(settings))
    people, regions, books = PeopleRegister(engine, base.secret), RegionBook(engine), _books(base)
    intake = Intake(
        publisher=publisher,
        announcer=Announcer(publisher, settings.broker),
        directory=directory,
        people=people,
        regions=regions,
        books=books,
        metrics=metrics,
        secret=base.secret,
    )
    return _Taking(agencies, days, directory, people, regions, books, intake)


def _books(base: _Base) -> Registers:
    engine = base.engine
    return Registers(
        FeedBook(engine),
        HeldBook(engine, Seal(base.secret, Purpose.HELD)),
        Audit(engine),
        ArrivalBook(engine),
        DisputeBook(engine),
        StatementBook(engine, Seal(base.secret, Purpose.STATEMENT)),
        StatementQuestionBook(engine, Seal(base.secret, Purpose.STATEMENT)),
    )


def _files(base: _Base, taking: _Taking, uploads: UploadStore) -> FileWorker:
    return FileWorker(
        uploads,
        agencies=taking.agencies,
        intake=taking.intake,
        versions=Versions(taking.books.statements, taking.people),
        days=taking.days,
        metrics=base.metrics,
    )


def _retrier(base: _Base, taking: _Taking, files: FileWorker, seal: Seal) -> Retrier:
    return Retrier(
        base.engine,
        seal,
        agencies=taking.agencies,
        intake=taking.intake,
        publisher=base.publisher,
        days=taking.days,
        files=files,
    )
