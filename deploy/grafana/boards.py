"""What the dashboards show.

Each panel has its title in both languages, its unit, and the questions it asks of Prometheus.
"""

from typing import Final, NamedTuple

RATE: Final = "[$__rate_interval]"
_DECIDED: Final = "AuthorisationGiven|CaseDecided|MeasureDelivered|ReliefPaid"
_IN_AND_OUT: Final = "entered|worsened|eased|recovering|exited|rolled_back"


_OPENED: Final = 'foothold_risk_transitions_total{movement=~"entered|rolled_back|reflagged"}'
_MOVED: Final = f'foothold_risk_transitions_total{{movement=~"{_IN_AND_OUT}"}}'
_DONE: Final = f'foothold_risk_facts_total{{kind=~"{_DECIDED}",outcome="applied"}}'


class Query(NamedTuple):
    """A question, and how its lines are named."""

    expression: str
    legend: str


class Panel(NamedTuple):
    """`unit` in Grafana's names. `says`: what to think when the line moves."""

    zh: str
    en: str
    unit: str
    says: str
    queries: tuple[Query, ...]


class Board(NamedTuple):
    """A page of panels; `name` is its file and its address."""

    name: str
    zh: str
    en: str
    panels: tuple[Panel, ...]


def _quantiles(metric: str, span: str = RATE) -> tuple[Query, ...]:
    return tuple(
        Query(
            f"histogram_quantile({q}, sum by (le) (rate({metric}_bucket{span})))",
            f"p{round(q * 100)}",
        )
        for q in (0.5, 0.99)
    )


PIPELINE: Final = Board(
    "foothold-pipeline",
    "数据通道",
    "The path of an event",
    (
        Panel(
            "受理的数据",
            "Events taken",
            "reqps",
            "By kind. A kind that ends is an agency that has fallen silent.",
            (
                Query(
                    "sum by (kind)"
                    f' (rate(foothold_ingest_facts_total{{outcome="accepted"}}{RATE})) > 0',
                    "{{kind}}",
                ),
            ),
        ),
        Panel(
            "退回与等待",
            "Refused, held, set aside",
            "reqps",
            "By reason. What is held waits for the register; what is refused waits for its sender.",
            (
                Query(
                    "sum by (outcome)"
                    f' (rate(foothold_ingest_facts_total{{outcome!="accepted"}}{RATE})) > 0',
                    "{{outcome}}",
                ),
            ),
        ),
        Panel(
            "从受理到立案",
            "From acceptance to the case",
            "s",
            "One new case in a hundred may take longer than five seconds.",
            _quantiles("foothold_alerts_accepted_to_case_seconds"),
        ),
        Panel(
            "排队",
            "Waiting",
            "short",
            "What risk has not judged and the desk has not taken. A hill that shrinks is a file;"
            " one that stays is a partition at rest.",
            (
                Query("sum(foothold_risk_lag_records)", "risk"),
                Query("sum(foothold_alerts_lag_records)", "desk"),
            ),
        ),
        Panel(
            "研判",
            "Facts judged",
            "reqps",
            "By what became of them: applied, repeated, withdrawn, refused.",
            (Query(f"sum by (outcome) (rate(foothold_risk_facts_total{RATE}))", "{{outcome}}"),),
        ),
        Panel(
            "写入 Kafka",
            "Writing to Kafka",
            "s",
            "As long as a sender waits for its answer.",
            _quantiles("foothold_ingest_send_seconds"),
        ),
        Panel(
            "一次研判事务",
            "One transaction of risk",
            "s",
            "Judging a batch and committing it.",
            _quantiles("foothold_risk_batch_seconds"),
        ),
        Panel(
            "隔离与待认领",
            "In quarantine, and held",
            "short",
            "Records nobody has retried, and events whose person no register entry names yet.",
            (
                Query("max(foothold_ingest_quarantine_waiting_records)", "quarantine"),
                Query("max(foothold_ingest_held_events)", "held"),
            ),
        ),
    ),
)

HEALTH: Final = Board(
    "foothold-health",
    "服务健康",
    "Service health",
    (
        Panel(
            "在线",
            "Up",
            "short",
            "Processes that answer, by service.",
            (Query("sum by (job) (up)", "{{job}}"),),
        ),
        Panel(
            "内存",
            "Memory",
            "bytes",
            "By process. risk grows with households, the others do not.",
            (Query("process_resident_memory_bytes", "{{job}} {{instance}}"),),
        ),
        Panel(
            "处理器",
            "Processor",
            "percentunit",
            "Of one core, by process.",
            (Query(f"rate(process_cpu_seconds_total{RATE})", "{{job}} {{instance}}"),),
        ),
        Panel(
            "重启",
            "Restarts in an hour",
            "short",
            "Services end themselves when they cannot go on; again and again is a fault.",
            (Query("sum by (job) (changes(process_start_time_seconds[1h]))", "{{job}}"),),
        ),
        Panel(
            "答复",
            "Answers to agencies",
            "reqps",
            "By status. 503 means that Kafka or the database is slow.",
            (
                Query(
                    f"sum by (status) (rate(foothold_ingest_requests_total{RATE})) > 0",
                    "{{status}}",
                ),
            ),
        ),
        Panel(
            "恢复",
            "Restoring a partition",
            "s",
            "How long a partition is nobody's.",
            _quantiles("foothold_risk_restore_seconds", "[1h]"),
        ),
        Panel(
            "停止的读取",
            "Readers stopped",
            "short",
            "Too many bad records came in a row, or their own program failed; see the runbook.",
            (
                Query("sum(foothold_ingest_stopped_readers)", "ingest"),
                Query("sum(foothold_risk_stopped_readers)", "risk"),
                Query("sum(foothold_alerts_stopped_readers)", "alerts"),
            ),
        ),
        Panel(
            "区域统计滞后",
            "Region windows behind",
            "s",
            "How far they stand behind risk's day.",
            (
                Query(
                    "max(foothold_risk_open_day_timestamp_seconds) - min(max by (partition)"
                    " (foothold_regions_day_timestamp_seconds))",
                    "behind",
                ),
            ),
        ),
    ),
)

BURDEN: Final = Board(
    "foothold-burden",
    "预警负担",
    "Warning burden",
    (
        Panel(
            "一日新增",
            "New in a day, by group",
            "short",
            "Households that entered, rolled back or were flagged again.",
            (
                Query(f"sum by (group) (increase({_OPENED}[1d])) > 0", "{{group}}"),
                Query(
                    'sum(increase(foothold_risk_transitions_total{movement="watched"}[1d])) > 0',
                    "watched",
                ),
            ),
        ),
        Panel(
            "一日变动",
            "Movements in a day",
            "short",
            "Everything risk said.",
            (
                Query(
                    "sum by (movement) (increase(foothold_risk_transitions_total[1d])) > 0",
                    "{{movement}}",
                ),
            ),
        ),
        Panel(
            "在办案件",
            "Open cases, by stage",
            "short",
            "A stage that only grows is where people are too few.",
            (Query("max by (stage) (foothold_alerts_open_cases)", "{{stage}}"),),
        ),
        Panel(
            "每百户在办",
            "Open cases for each registered household",
            "percentunit",
            "When it jumps without a disaster, look at the policy's numbers and at the feeds.",
            (
                Query(
                    "sum(max by (stage) (foothold_alerts_open_cases)) /"
                    " sum(foothold_risk_registered_households)",
                    "share",
                ),
            ),
        ),
        Panel(
            "工作台所做",
            "What people did in a day",
            "short",
            "By step and outcome; many refusals are a form people do not understand.",
            (
                Query(
                    "sum by (action, outcome) (increase(foothold_alerts_actions_total[1d])) > 0",
                    "{{action}} {{outcome}}",
                ),
            ),
        ),
        Panel(
            "通知",
            "Notices in a day",
            "short",
            "By target and outcome. What fails is tried again within a minute.",
            (
                Query(
                    "sum by (kind, outcome) (increase(foothold_alerts_notices_total[1d])) > 0",
                    "{{kind}} {{outcome}}",
                ),
            ),
        ),
        Panel(
            "静默的数据源",
            "Silent feeds",
            "short",
            "While one is silent nothing that rests on it clears, and the burden grows by itself.",
            (Query("sum(max by (agency, feed, area) (foothold_risk_stale_feed))", "silent"),),
        ),
        Panel(
            "待答复的存疑与询问",
            "Doubts and questions not answered",
            "short",
            "Facts caseworkers found wrong, and statements of which their sender has not said"
            " whether they are one.",
            (
                Query("max(foothold_ingest_disputes_waiting)", "doubts"),
                Query("max(foothold_ingest_questions_waiting)", "questions"),
            ),
        ),
        Panel(
            "一人两户",
            "People in two households",
            "short",
            "Open tickets: nobody decides on either household until the register is mended.",
            (Query("max(foothold_ingest_members_in_doubt)", "tickets"),),
        ),
    ),
)

OUTCOMES: Final = Board(
    "foothold-outcomes",
    "帮扶成效",
    "What came of it",
    (
        Panel(
            "监测户数",
            "Registered households",
            "short",
            "Everybody who is watched.",
            (Query("sum(foothold_risk_registered_households)", "households"),),
        ),
        Panel(
            "待发救助",
            "Relief proposed, not paid",
            "short",
            "By kind. An advance is due within 24 hours.",
            (Query("max by (kind) (foothold_alerts_relief_proposed)", "{{kind}}"),),
        ),
        Panel(
            "逾期救助",
            "Relief past its deadline",
            "short",
            "Help that is late.",
            (Query("max by (kind) (foothold_alerts_relief_overdue)", "{{kind}}"),),
        ),
        Panel(
            "逾期事项",
            "Deadlines passed",
            "short",
            "By kind: settling the case, first measure, measure, relief, papers.",
            (Query("max by (kind) (foothold_alerts_deadlines_overdue)", "{{kind}}"),),
        ),
        Panel(
            "一周决定与帮扶",
            "Decided and done in a week",
            "short",
            "What people told risk: decisions, measures, payments.",
            (Query(f"sum by (kind) (increase({_DONE}[7d])) > 0", "{{kind}}"),),
        ),
        Panel(
            "一周进出",
            "In and out in a week",
            "short",
            "Entered against eased, recovering and exited: is more help ending than beginning?",
            (Query(f"sum by (movement) (increase({_MOVED}[7d])) > 0", "{{movement}}"),),
        ),
        Panel(
            "区域预警",
            "Region warnings in a week",
            "short",
            "Changes of a level, by county and level. A signal, not an activation.",
            (
                Query(
                    "sum by (county, level, direction)"
                    " (increase(foothold_regions_warnings_total[7d])) > 0",
                    "{{county}} {{level}} {{direction}}",
                ),
            ),
        ),
        Panel(
            "按周末推算的时限",
            "Deadlines counted by weekends",
            "short",
            "Provisional until the year's calendar is given.",
            (Query("max(foothold_alerts_deadlines_provisional)", "provisional"),),
        ),
    ),
)

BOARDS: Final = (PIPELINE, HEALTH, BURDEN, OUTCOMES)
