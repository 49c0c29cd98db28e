"""What an operator does at the command line: agencies, quarantine, go-live, erasure.

Each returns what to print.
"""

import getpass
import json
import re
from argparse import Namespace
from collections.abc import Callable, Coroutine, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import TopicAlreadyExistsError, for_code

from foothold_ingest.agencies.readers import ReaderBook, ReaderState
from foothold_ingest.agencies.register import AgencyRegister, Entry, NotPossible, Remit
from foothold_ingest.database import connect
from foothold_ingest.files.mappings import MappingBook, WrongMapping, parse
from foothold_ingest.intake.county_codes import RegionBook
from foothold_ingest.intake.days import CannotOpen
from foothold_ingest.people import doubles
from foothold_ingest.people.register import PeopleRegister
from foothold_ingest.quarantine import given_up
from foothold_ingest.quarantine.retry import QuarantineTable
from foothold_ingest.rules.accept import household_id
from foothold_ingest.rules.regions import Held
from foothold_ingest.rules.times import SHANGHAI
from foothold_ingest.settings import Settings, quarantine_seal
from foothold_runtime.broker import Broker
from foothold_runtime.kafka_clients import started
from foothold_runtime.process.errors import Refused
from foothold_schemas.facts.sent import AGENCY_KINDS
from foothold_schemas.wire.topics import AGENCY_TOPIC, HOUSEHOLD_FACTS, agency_card

if TYPE_CHECKING:
    from sqlalchemy import RowMapping

    from foothold_ingest.build import Built

_AREA: Final = re.compile(r"[0-9]{2}([0-9]{2}){0,2}")


async def add_agency(
    settings: Settings, name: str, *, is_operator: bool, remit: Remit | None = None
) -> str:
    """Enter it in the register and make its topic.

    The first line is its key, shown once, the others what to tell Kafka.
    """
    if not is_operator:
        await _make_topic(settings.broker, name)
    engine = connect(settings.ingest_database_url)
    try:
        register = AgencyRegister(engine, settings.key_secret.get_secret_value().encode())
        key = await register.add(
            name, is_operator=is_operator, by=getpass.getuser(), now=datetime.now(UTC), remit=remit
        )
    except NotPossible as error:
        raise Refused(str(error)) from None
    finally:
        await engine.dispose()
    return key if is_operator else f"{key}\n{_rights(name)}"


async def agency(settings: Settings, arguments: Namespace) -> str:
    """What is done with agencies."""
    if arguments.action == "add":
        return await add_agency(
            settings, arguments.name, is_operator=arguments.operator, remit=_remit(arguments)
        )
    engine = connect(settings.ingest_database_url)
    try:
        return await _changed(
            AgencyRegister(engine, settings.key_secret.get_secret_value().encode()),
            arguments,
            datetime.now(UTC),
        )
    except NotPossible as error:
        raise Refused(str(error)) from None
    finally:
        await engine.dispose()


async def _changed(register: AgencyRegister, arguments: Namespace, now: datetime) -> str:
    name, by = getattr(arguments, "name", ""), getpass.getuser()
    match arguments.action:
        case "rotate":
            return await register.rotate(name, by=by, now=now)
        case "allow":
            await register.allow(name, remit := _remit(arguments), by=by, now=now)
            return f"{name} may send {_words(remit)}; the doors know within ten seconds"
        case "client":
            await register.set_client(name, arguments.client, by=by, now=now)
            return (
                f"tokens of {arguments.client} are {name}'s"
                if arguments.client
                else f"{name} comes with keys only"
            )
        case "disable" if arguments.key is not None:
            await register.disable_key(name, arguments.key, by=by, now=now)
            return f"key {arguments.key} of {name} ends within ten seconds"
        case "disable" | "enable":
            await register.set_disabled(
                name, is_disabled=arguments.action == "disable", by=by, now=now
            )
            return f"{name} is {arguments.action}d at every door within ten seconds"
        case _:
            return "\n".join(_entry(e) for e in await register.entries()) or "the register is empty"


async def region(settings: Settings, arguments: Namespace) -> str:
    """Make a county code known."""
    if not re.fullmatch(r"[0-9]{6}", arguments.code):
        raise Refused("a county code has six digits, such as 370302")
    engine = connect(settings.ingest_database_url)
    try:
        await RegionBook(engine).add(
            arguments.code, arguments.name, Held(arguments.from_year, arguments.last_year)
        )
    finally:
        await engine.dispose()
    return (
        f"{arguments.code} is known at every door within ten seconds; 'quarantine retry --reason"
        " unknown_area' tries again what was refused"
    )


async def mapping(settings: Settings, arguments: Namespace) -> str:
    """Check, set or print a mapping."""
    engine = connect(settings.ingest_database_url)
    book = MappingBook(engine)
    try:
        match arguments.action:
            case "check":
                checked = parse(arguments.file.read_text(encoding="utf-8"))
                return f"{checked.name}: {len(checked.columns)} columns make {checked.kind}"
            case "set":
                kept = await book.set(
                    arguments.agency, arguments.file.read_text(encoding="utf-8"), datetime.now(UTC)
                )
                return f"files of {arguments.agency} sent as {kept.name} are read by it from now on"
            case _:
                texts = await book.of(arguments.agency)
                if arguments.name not in texts:
                    raise Refused(
                        f"there is no mapping {arguments.name}; there are:"
                        f" {', '.join(sorted(texts))}"
                    )
                return texts[arguments.name]
    except (WrongMapping, OSError, UnicodeDecodeError) as error:
        raise Refused(f"{getattr(arguments, 'file', 'the mapping')}: {error}") from None
    finally:
        await engine.dispose()


async def double(settings: Settings, arguments: Namespace) -> str:
    """List tickets, or dismiss one."""
    engine = connect(settings.ingest_database_url)
    people = PeopleRegister(engine, settings.household_secret.get_secret_value().encode())
    try:
        async with engine.begin() as connection:
            if arguments.action == "list":
                tickets = await doubles.waiting(connection)
                lines = [
                    f"{t['ticket']}  since {t['opened_at']:%Y-%m-%d}  {people.subject_of(t['one'])}"
                    f"  {people.subject_of(t['other'])}"
                    for t in tickets
                ]
                return "\n".join(lines) or "nobody stands in two households at once"
            now = datetime.now(UTC)
            if not await doubles.dismiss(
                connection,
                arguments.ticket,
                actor=getpass.getuser(),
                because=arguments.because,
                now=now,
            ):
                raise Refused(
                    f"no ticket {arguments.ticket} is open; 'double list' shows those that are"
                )
            return f"ticket {arguments.ticket} is dismissed"
    finally:
        await engine.dispose()


async def reader(settings: Settings, arguments: Namespace) -> str:
    """List the readers of agencies' topics that did not fare well, or let a paused one go on."""
    engine = connect(settings.ingest_database_url)
    book = ReaderBook(engine, settings.dead_letter_limit)
    try:
        if arguments.action == "list":
            return (
                "\n".join(_reader(state) for state in await book.states())
                or "every agency's topic is read, and nothing was lost"
            )
        if not await book.resume(arguments.agency, by=getpass.getuser(), now=datetime.now(UTC)):
            raise Refused(
                f"the topic of {arguments.agency} is not paused; 'reader list' shows those that are"
            )
        return f"the topic of {arguments.agency} is read on within a few seconds, at every replica"
    finally:
        await engine.dispose()


async def work(settings: Settings, arguments: Namespace) -> str:
    """List the doubts and tickets that were given up, or let them be tried again."""
    engine = connect(settings.ingest_database_url)
    try:
        if arguments.action == "list":
            return "\n".join(await given_up.listed(engine)) or "nothing was given up"
        many = await given_up.retry(engine, by=getpass.getuser(), now=datetime.now(UTC))
        return f"{many} are tried again within a few seconds"
    finally:
        await engine.dispose()


def _reader(state: ReaderState) -> str:
    since = (
        "reading"
        if state.paused_at is None
        else f"PAUSED since {state.paused_at:%Y-%m-%d %H:%M:%S}"
    )
    lost = (
        f"  lost to retention: {state.lost}, last {state.lost_at:%Y-%m-%d %H:%M:%S}"
        if state.lost and state.lost_at
        else ""
    )
    return f"{state.agency}  {since}  bad in a row: {state.bad_in_a_row}{lost}"


def _entry(entry: Entry) -> str:
    keys = ", ".join(f"{prefix} ({made_at:%Y-%m-%d})" for prefix, made_at in entry.keys) or "none"
    return (
        f"{entry.agency}{'  DISABLED' if entry.is_disabled else ''}  {_words(entry.remit)}  keys:"
        f" {keys}"
    )


def _words(remit: Remit) -> str:
    return (
        f"{'every kind' if remit.kinds is None else ', '.join(remit.kinds)} for"
        f" {'every area' if remit.areas is None else ', '.join(remit.areas)}"
    )


def _remit(arguments: Namespace) -> Remit:
    """Kinds and areas as they were typed; raise Refused for one that is not known."""
    kinds, areas = arguments.kinds, arguments.areas
    if unknown := [kind for kind in kinds or () if kind not in AGENCY_KINDS]:
        raise Refused(
            f"{', '.join(unknown)}: no kind agencies send; known: {', '.join(AGENCY_KINDS)}"
        )
    if wrong := [area for area in areas or () if not _AREA.fullmatch(area)]:
        raise Refused(
            f"{', '.join(wrong)}: an area is the first 2, 4 or 6 digits of a code, such as 370302"
        )
    return Remit(None if kinds is None else tuple(kinds), None if areas is None else tuple(areas))


def _rights(name: str) -> str:
    """What Kafka must be told, for a broker that checks rights."""
    topic = agency_card(name).name
    return (
        "# kafka-acls.sh --bootstrap-server ... --command-config ... --add --allow-principal"
        f" User:agency-{name} --operation Write --operation Describe --topic {topic}"
    )


async def _make_topic(broker: Broker, agency: str) -> None:
    card = agency_card(agency)
    if not AGENCY_TOPIC.fullmatch(card.name):
        raise Refused(
            "an agency's name has 1 to 64 letters, digits, _ or -, and begins with a letter or"
            " digit: it names the agency's topic"
        )
    async with started(AIOKafkaAdminClient(**broker.options)) as admin:
        log_partitions = (await admin.describe_topics([HOUSEHOLD_FACTS.name]))[0]["partitions"]
        copies = len(log_partitions[0]["replicas"])  # as many as the log itself has
        response = await admin.create_topics(
            [NewTopic(card.name, 1, copies, topic_configs=card.config)]
        )
        for _, code, *details in response.topic_errors:
            if code and for_code(code) is not TopicAlreadyExistsError:
                raise Refused(
                    f"Kafka did not make {card.name}: {for_code(code).__name__}"
                    f" {' '.join(str(s) for s in details if s)}"
                )


async def go_live(settings: Settings, arguments: Namespace) -> str:
    """Open today as the first day.

    Cases that follow from what was loaded are quiet unless asked otherwise.
    """
    async with _running(settings) as parts:
        now = datetime.now(UTC)
        today = now.astimezone(SHANGHAI).date()
        if parts.days.last is not None:
            raise Refused(f"Foothold is live already: {parts.days.last} is open")
        try:
            await parts.days.open(today, now, is_quiet=not arguments.loud)
        except CannotOpen as error:
            raise Refused(str(error)) from error
        quiet = "" if arguments.loud else "; the cases of this first day are made without notices"
        return f"live from {today} on{quiet}"


async def erase(settings: Settings, arguments: Namespace) -> str:
    """Destroy a household's data key and contact, and its people's numbers.

    What is kept of its statements is destroyed as well.
    """
    authority, _, number = arguments.subject.partition("/")
    async with _running(settings) as parts:
        household = household_id(
            settings.household_secret.get_secret_value().encode(), authority, number
        )
        books = (parts.directory, parts.people, parts.statement_questions, parts.statements)
        was_there = [await book.erase(household) for book in books]
    nothing = "nothing was kept; the erasure was written to the topic all the same"
    return f"{household}: {'erased' if any(was_there) else nothing}"


async def quarantine(settings: Settings, arguments: Namespace) -> str:
    """List, show or retry."""
    actor, now = getpass.getuser(), datetime.now(UTC)
    if arguments.action == "retry":
        async with _running(settings) as parts:
            retrier = parts.retrier
            waiting = (
                await retrier.rows(reason=arguments.reason, limit=arguments.limit)
                if not arguments.ids
                else []
            )
            ids: Sequence[str] = arguments.ids or [row["source_id"] for row in waiting]
            done = await retrier.retry(ids, actor=actor, now=now)
        return (
            "\n".join(
                f"{retried.source_id}  {retried.outcome.value}  {retried.detail}"
                for retried in done
            )
            or "nothing waits"
        )
    engine = connect(settings.ingest_database_url)
    try:
        shelf = QuarantineTable(engine, quarantine_seal(settings))
        if arguments.action == "list":
            rows, count = await shelf.newest(
                reason=arguments.reason, is_all=arguments.all, limit=arguments.limit
            )
            hint = (
                f"the newest {len(rows)} of {count}; --limit {count} shows all, --reason those of"
                " one kind"
            )
            left_out = [hint] if len(rows) < count else []
            return "\n".join([*(_line(row) for row in rows), *left_out]) or "nothing waits"
        return await _show(shelf, arguments.id, actor, now, is_whole=arguments.content)
    finally:
        await engine.dispose()


def _line(row: "RowMapping") -> str:
    columns = ("at", "source_id", "service", "reason", "detail", "retried_at")
    at, source, service, reason, detail, retried = (row[n] for n in columns)
    return (
        f"{at:%Y-%m-%d %H:%M:%S}  {source}  {service}  {reason}{'  retried' if retried else ''} "
        f" {detail}"
    )


async def _show(
    shelf: QuarantineTable, source_id: str, actor: str, now: datetime, *, is_whole: bool
) -> str:
    shown = await shelf.show(source_id)
    if shown is None:
        raise Refused(f"nothing is kept under {source_id}; 'quarantine list --all' shows the ids")
    row, history = shown
    lines = [
        _line(row),
        *(
            f"  {h['at']:%Y-%m-%d %H:%M:%S}  {h['actor']}  {h['action']}  {h['outcome']} "
            f" {h['detail']}".rstrip()
            for h in history
        ),
    ]
    if is_whole and (record := await shelf.content(source_id, actor=actor, now=now)) is not None:
        lines.append(json.dumps(record.model_dump(mode="json"), ensure_ascii=False, indent=2))
        lines.append((record.value or b"").decode(errors="replace"))
    return "\n".join(lines)


def _running(settings: Settings) -> "AbstractAsyncContextManager[Built]":
    """Run the parts beside a serving process, under a name of their own.

    So neither fences the other. They are loaded by the commands that need all of them.
    """
    from prometheus_client import CollectorRegistry  # noqa: PLC0415 - see above

    from foothold_ingest.build import built  # noqa: PLC0415 - see above
    from foothold_ingest.metrics import Metrics  # noqa: PLC0415 - see above

    return built(settings, Metrics(CollectorRegistry()), f"{settings.instance}-command")


COMMANDS: Final[dict[str, Callable[[Settings, Namespace], Coroutine[Any, Any, str]]]] = {
    "agency": agency,
    "quarantine": quarantine,
    "region": region,
    "mapping": mapping,
    "double": double,
    "go-live": go_live,
    "directory": erase,
    "reader": reader,
    "work": work,
}
