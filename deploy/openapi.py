"""Writes ingest's OpenAPI 3.1 document from the contract's models and their examples.

With --check says whether it is stale.
"""

import json
from pathlib import Path
from typing import Any, Final

from pydantic.json_schema import models_json_schema

from deploy.generated import write_or_check
from foothold_ingest.files.store import COUNTS
from foothold_ingest.rules.answers import Answer
from foothold_schemas.facts.envelope import CloudEvent, event_type
from foothold_schemas.facts.sent import AGENCY_KINDS
from foothold_schemas.messages.explanation import DoubtKind
from foothold_schemas.wire.quarantine import RefusalReason

ROOT: Final = Path(__file__).parents[1]
FILE: Final = ROOT / "services/ingest/foothold_ingest/openapi.json"
EXAMPLES: Final = ROOT / "schemas/examples/events"
STRUCTURED: Final = "application/cloudevents+json"
BATCH: Final = "application/cloudevents-batch+json"
PROBLEM: Final = "application/problem+json"
XLSX: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
Node = dict[str, Any]

_ANSWERS: Final = [answer.value for answer in Answer]
TITLES: Final = {
    400: "The body cannot be read as strict JSON",
    401: "No key, or not one of an agency's live keys",
    403: "Not allowed for this agency: another's source, a kind or an area outside its remit",
    404: "This agency has nothing of that name",
    409: (
        "Not now: days are opened by the clock here, this day does not come next, or the question"
        " waits no more"
    ),
    413: "The body is too large",
    415: "Not a media type in which this comes",
    500: "A defect of Foothold's: send the same request again later, or name its trace id",
    422: "Read, and not acceptable: `fields` names what is wrong",
    503: "Try the same request again; `outcome: unknown` says that it may have been taken",
}

TRACE: Final = {
    "name": "traceparent",
    "in": "header",
    "required": False,
    "schema": {
        "type": "string",
        "examples": ["00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"],
    },
    "description": (
        "W3C Trace Context: the id under which the request's events are found in every service's"
        " log. One that cannot be read is not an error."
    ),
}


_COUNT: Final[Node] = {"type": "integer", "minimum": 0}
_TEXT: Final[Node] = {"type": "string"}
_MAYBE: Final[Node] = {"type": ["string", "null"]}
_TRACE_ID: Final[Node] = {
    "type": "string",
    "pattern": "^[0-9a-f]{32}$",
    "description": "By which Foothold's logs know the request; name it when you ask about it.",
}
_FIELD: Final[Node] = {
    "type": "object",
    "required": ["field", "problem"],
    "properties": {"field": _TEXT, "problem": _TEXT},
}
_WARNINGS: Final[Node] = {
    "type": "array",
    "items": _FIELD,
    "description": (
        "What was read otherwise than it was written, such as 9999-12-31 as empty, or can"
        " hardly be, such as a day after the moment of sending."
    ),
}


def document() -> Node:
    """The whole document."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Foothold ingest",
            "version": "1",
            "description": (
                "Where agencies report facts about households, as events or as files."
                " docs/agencies.md tells it step by step."
            ),
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "security": [{"key": []}],
        "paths": paths(),
        "components": {
            "securitySchemes": {
                "key": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "The agency's key, as `agency add` printed it.",
                }
            },
            "schemas": {**models(), **events(), **answers()},
        },
    }


def paths() -> Node:
    """Every route; a test holds them against the application's."""
    return {
        "/v1/events": {"post": _events()},
        **_file_paths(),
        "/v1/topic": {
            "get": _get("showTopic", "How the agency's own topic is read", _json(_ref("Topic")))
        },
        **_question_paths(),
        **_mapping_paths(),
    }


def _file_paths() -> Node:
    upload = _in_path("upload", "The file's id, as the upload answered it")
    listed = _get("listFiles", "The agency's last files", _json(_listing("files", "File")))
    shown = _get(
        "showFile",
        "How far a file is, and what came of it",
        _json(_ref("FileResult")),
        [upload],
        404,
    )
    errors = _get(
        "fileErrors",
        "The rows that were not taken, with a column 错误 error",
        {"text/csv": {}, XLSX: {}},
        [upload],
        404,
    )
    return {
        "/v1/files": {"post": _upload(), "get": listed},
        "/v1/files/{upload}": {"get": shown},
        "/v1/files/{upload}/errors": {"get": errors},
    }


def _question_paths() -> Node:
    listed = _get(
        "listQuestions",
        "What the agency is asked about its statements",
        _json(_listing("questions", "Question")),
    )
    return {
        "/v1/questions": {"get": listed},
        "/v1/questions/{question}": {"post": _answer()},
    }


def _mapping_paths() -> Node:
    listed = _get(
        "listMappings",
        "The kinds of files the agency may send",
        _json({"type": "object", "required": ["mappings"]}),
    )
    mapping = _in_path("mapping", "The mapping's name")
    template = _get("mappingTemplate", "A workbook to fill in", {XLSX: {}}, [mapping], 404)
    return {
        "/v1/mappings": {"get": listed},
        "/v1/mappings/{mapping}/template": {"get": template},
    }


def _events() -> Node:
    single = {kind: {"value": _example(kind)} for kind in AGENCY_KINDS}
    return {
        "operationId": "reportEvents",
        "summary": "Report events",
        "description": (
            "One event, or up to 1,000 as a batch; binary mode (ce- headers beside"
            " application/json) is taken as well. Repeats count once."
        ),
        "parameters": [
            _query(
                "dry_run", {"type": "boolean"}, "Only say what would be answered; nothing is kept."
            ),
            TRACE,
        ],
        "requestBody": {
            "required": True,
            "content": {
                STRUCTURED: {"schema": _ref("Event"), "examples": single},
                BATCH: {
                    "schema": {"type": "array", "maxItems": 1_000, "items": _ref("Event")},
                    "examples": {
                        "two": {
                            "value": [
                                _example("HouseholdRegistered"),
                                _example("MedicalClaimSettled"),
                            ]
                        }
                    },
                },
            },
        },
        "responses": {
            "200": {
                "description": "The answers of a dry run",
                "content": _json(_ref("BatchResult")),
            },
            "202": {
                "description": "In the log, or held until the register names the person",
                "content": _json({"anyOf": [_ref("Taken"), _ref("BatchResult")]}),
            },
            "207": {
                "description": "A batch of which some were refused; the others are taken",
                "content": _json(_ref("BatchResult")),
            },
            **_problems(400, 401, 403, 409, 413, 415, 422, 500, 503),
        },
    }


def _upload() -> Node:
    return {
        "operationId": "uploadFile",
        "summary": "Upload a file",
        "description": (
            "The body is the file: CSV (UTF-8, UTF-16 with a mark, GB18030; comma, semicolon, tab)"
            " or XLSX, up to 64 MiB and 500,000 rows."
        ),
        "parameters": [
            _query(
                "mapping",
                {"type": "string", "examples": ["settled-bills"]},
                "What the file holds: a name from /v1/mappings.",
                required=True,
            ),
            _query(
                "as_of",
                {"type": "string", "format": "date-time"},
                "When the file's snapshot was taken; without it, now.",
            ),
            _query("dry_run", {"type": "boolean"}, "Judge every row and keep nothing."),
            _query("name", {"type": "string"}, "The file's name, to find it again."),
            TRACE,
        ],
        "requestBody": {
            "required": True,
            "content": {"application/octet-stream": {}, "text/csv": {}, XLSX: {}},
        },
        "responses": {
            "202": {
                "description": "Kept; its rows are worked through",
                "content": _json(_ref("Uploaded")),
            },
            **_problems(401, 413, 415, 422, 500, 503),
        },
    }


def _answer() -> Node:
    body = {
        "type": "object",
        "required": ["answer"],
        "properties": {"answer": {"enum": _ANSWERS}},
        "additionalProperties": False,
    }
    return {
        "operationId": "answerQuestion",
        "summary": "Answer a question about a statement",
        "description": (
            "The answer becomes a fact in the agency's name, once however often it is sent;"
            " `answers` of the question says which it may have."
        ),
        "parameters": [_in_path("question", "The question's id, as the list gives it"), TRACE],
        "requestBody": {"required": True, "content": _json(body)},
        "responses": {
            "200": {
                "description": "Taken; its fact stands in the log, or follows by itself",
                "content": _json(_ref("Answered")),
            },
            **_problems(400, 401, 404, 409, 413, 415, 422, 500, 503),
        },
    }


def _get(
    name: str, summary: str, content: Node, parameters: list[Node] | None = None, *more: int
) -> Node:
    responses = {
        "200": {"description": summary, "content": content},
        **_problems(401, *more, 500, 503),
    }
    return {
        "operationId": name,
        "summary": summary,
        "parameters": parameters or [],
        "responses": responses,
    }


def models() -> Node:
    """The envelope and the data of every kind an agency may send; what is not known is refused."""
    _, document = models_json_schema(
        [(model, "validation") for model in (CloudEvent, *AGENCY_KINDS.values())],
        ref_template="#/components/schemas/{model}",
    )
    schemas: Node = document["$defs"]
    for model in AGENCY_KINDS.values():
        _close(schemas, schemas[model.__name__])
    return schemas


def _close(schemas: Node, schema: Node) -> None:
    """No field beyond the known ones, in this object and those inside it."""
    if "properties" in schema:
        schema["additionalProperties"] = False
    for inner in [
        *schema.get("properties", {}).values(),
        schema.get("items", {}),
        *schema.get("anyOf", ()),
    ]:
        target = schemas[inner["$ref"].rsplit("/", 1)[1]] if "$ref" in inner else inner
        if target and target.get("additionalProperties") is not False:
            _close(schemas, target)


def events() -> Node:
    """An event of each kind: the envelope with its type and its data."""
    schemas: Node = {"Event": {"oneOf": [_ref(f"{kind}Event") for kind in AGENCY_KINDS]}}
    for kind, model in AGENCY_KINDS.items():
        own = {
            "type": "object",
            "properties": {"type": {"const": event_type(kind)}, "data": _ref(model.__name__)},
        }
        schemas[f"{kind}Event"] = {"allOf": [_ref("CloudEvent"), own]}
    return schemas


def answers() -> Node:
    """What the door says."""
    return {**_question_answers(), **_event_answers(), **_file_answers(), **_topic_answer()}


def _question_answers() -> Node:
    question = {
        "id": _TEXT,
        "kind": {"enum": [kind.value for kind in DoubtKind]},
        "asked_at": _TEXT,
        "event": {
            "type": "object",
            "description": "What the agency sent: `kind`, `day`, `id`, `source`, `said`.",
        },
        "beside": {
            "type": ["object", "null"],
            "description": (
                "The other event: as `event` where the agency sent it; else its agency, its day and"
                " the stay."
            ),
        },
        "since": {
            "type": ["string", "null"],
            "description": "Of a yearly income that lapsed: the first month that is unknown.",
        },
        "answers": {
            "type": "array",
            "items": {"enum": _ANSWERS},
            "description": "What may be answered; empty once it is.",
        },
        "answer": _MAYBE,
        "answered_at": _MAYBE,
    }
    return {
        "Question": {"type": "object", "required": list(question), "properties": question},
        "Answered": {
            "type": "object",
            "required": ["id", "answer"],
            "properties": {"id": _TEXT, "answer": {"enum": _ANSWERS}},
        },
    }


def _event_answers() -> Node:
    taken = {
        "status": {"const": 202},
        "id": _TEXT,
        "fact_id": {"type": "string", "pattern": "^[0-9a-f]{32}$"},
        "duplicate": {"const": True},
        "held": {"const": True},
        "warnings": _WARNINGS,
    }
    # those inside a batch have no trace of their own
    result_fields = {
        "index": _COUNT,
        "status": _COUNT,
        "problem": _ref("Problem"),
        "warnings": _WARNINGS,
    }
    item = {"type": "object", "required": ["index", "status"], "properties": result_fields}
    return {
        "Problem": _problem(),
        "Taken": {
            "type": "object",
            "required": ["status", "id", "fact_id"],
            "properties": taken,
            "additionalProperties": False,
        },
        "BatchResult": {
            "type": "object",
            "required": ["accepted", "refused", "results"],
            "properties": {
                "accepted": _COUNT,
                "refused": _COUNT,
                "dry_run": {"const": True},
                "trace_id": _TRACE_ID,
                "results": {"type": "array", "items": item},
            },
        },
    }


def _problem() -> Node:
    slugs = [reason.value.replace("_", "-") for reason in RefusalReason]
    return {
        "type": "object",
        "description": (
            "RFC 9457. `type` is urn:foothold:problem: and a reason; of events one of"
            f" {', '.join(slugs)}."
        ),
        "required": [
            "type",
            "title",
            "status",
            "detail",
        ],
        "properties": {
            "type": _TEXT,
            "title": _TEXT,
            "status": _COUNT,
            "detail": _TEXT,
            "fields": {"type": "array", "items": _FIELD},
            "outcome": {"const": "unknown"},
            "trace_id": _TRACE_ID,
        },
    }


def _file_answers() -> Node:
    counts = dict.fromkeys(COUNTS, _COUNT)
    # files of before it was counted have none
    always = [name for name in counts if name not in ("footers", "older")]
    file = {
        "upload": _TEXT,
        "name": _TEXT,
        "mapping": _TEXT,
        "status": {"enum": ["waiting", "running", "done", "refused"]},
        "problem": _MAYBE,
        "encoding": _MAYBE,
        "size": _COUNT,
        "at": _TEXT,
        "as_of": _TEXT,
        "finished_at": _MAYBE,
        "dry_run": {"type": "boolean"},
        "share": {"type": "number"},
        "counts": {"type": "object", "required": always, "properties": counts},
        "warnings": {
            "type": "array",
            "description": (
                "Rows taken although something was read otherwise than written; the first of them."
                " Row 0: all of it, such as sheets not read."
            ),
            "items": {
                "type": "object",
                "required": ["row", "detail"],
                "properties": {"row": _COUNT, "detail": _TEXT},
            },
        },
    }
    row = {
        "type": "object",
        "required": ["row", "reason", "detail"],
        "properties": {"row": _COUNT, "reason": _TEXT, "detail": _TEXT},
    }
    result = {
        **file,
        "reasons": {"type": "object", "additionalProperties": _COUNT},
        "first_problems": {"type": "array", "items": row},
    }
    return {
        "Uploaded": {
            "type": "object",
            "required": ["upload", "url"],
            "properties": {"upload": _TEXT, "url": _TEXT},
        },
        "File": {"type": "object", "required": list(file), "properties": file},
        "FileResult": {"type": "object", "required": list(result), "properties": result},
    }


def _topic_answer() -> Node:
    topic = {
        "topic": _TEXT,
        "bad_in_a_row": _COUNT,
        "lost": _COUNT,
        "paused_at": _MAYBE,
        "lost_at": _MAYBE,
        "problem": _MAYBE,
    }
    return {
        "Topic": {"type": "object", "required": list(topic), "properties": topic},
    }


def _example(kind: str) -> Node:
    example: Node = json.loads((EXAMPLES / f"{kind}.json").read_text(encoding="utf-8"))
    return example


def _ref(name: str) -> Node:
    return {"$ref": f"#/components/schemas/{name}"}


def _list(name: str) -> Node:
    return {"type": "array", "items": _ref(name)}


def _listing(name: str, items: str) -> Node:
    return {"type": "object", "required": [name], "properties": {name: _list(items)}}


def _json(schema: Node) -> Node:
    return {"application/json": {"schema": schema}}


def _query(name: str, schema: Node, says: str, *, required: bool = False) -> Node:
    return {
        "name": name,
        "in": "query",
        "required": required,
        "schema": schema,
        "description": says,
    }


def _in_path(name: str, says: str) -> Node:
    return {
        "name": name,
        "in": "path",
        "required": True,
        "schema": {"type": "string"},
        "description": says,
    }


def _problems(*codes: int) -> Node:
    return {
        str(code): {"description": TITLES[code], "content": {PROBLEM: {"schema": _ref("Problem")}}}
        for code in codes
    }


def text() -> str:
    """The document as JSON."""
    return json.dumps(document(), ensure_ascii=False, indent=1) + "\n"


def main() -> None:
    """Write the file, or compare it."""
    write_or_check(FILE, text(), __doc__ or "")


if __name__ == "__main__":
    main()
