"""What people see of a household between two transitions. Written when it changes; removed when there is nothing to look at any more."""

from hashlib import blake2b

from foothold_risk.publish import EXPLAIN, figures_of, money, summary
from foothold_risk.rules.assess import Assessment
from foothold_risk.rules.calendar import month_text
from foothold_risk.rules.household import Position
from foothold_risk.rules.months import by_month
from foothold_risk.rules.movement import earliest_exit
from foothold_risk.rules.policy import Policy
from foothold_schemas.codec import encode
from foothold_schemas.transitions import Status
from foothold_schemas.values import Fen, Sentence
from foothold_schemas.views import HouseholdView, MonthFigures, Unmet, UnmetKind

NOTHING = b""


def view_of(household_id: str, position: Position, assessment: Assessment, policy: Policy) -> bytes:
    """The encoded view; NOTHING when nobody has a reason to look."""
    if position.status is Status.CLEAR:
        return NOTHING
    view = assessment.view
    return encode(
        HouseholdView(
            household_id=household_id,
            as_of=view.day,
            household=summary(view),
            status=position.status,
            group=position.group,
            is_urgent=position.is_urgent,
            episode=position.episode,
            figures=figures_of(view),
            months=tuple(
                MonthFigures(month=month_text(m.month), net=money(m.net), own_shares=Fen(m.own_shares), is_running=m.is_running) for m in by_month(view, policy)
            ),
            unmet=_unmet(position, assessment, policy),
        )
    )


def digest(encoded: bytes) -> bytes:
    """What the state remembers of the view written last: eight bytes."""
    return blake2b(encoded, digest_size=8).digest() if encoded else NOTHING


def _unmet(position: Position, assessment: Assessment, policy: Policy) -> tuple[Unmet, ...]:
    view = assessment.view
    unmet = [Unmet(kind=UnmetKind.FINDING_HOLDS, finding=f.kind, text=EXPLAIN[f.kind](f, view, policy.currency)) for f in assessment.found]
    if view.unheard:
        zh, en = "、".join(month_text(m) for m in view.unheard), ", ".join(month_text(m) for m in view.unheard)
        text = Sentence(zh=f"以下月份收入未报，暂不能判断：{zh}。", en=f"Income of these months is not reported, so nothing is decided: {en}.")
        unmet.append(Unmet(kind=UnmetKind.INCOME_UNHEARD, text=text))
    if position.status is Status.RECOVERING and position.clear_since is not None:
        until = earliest_exit(position.clear_since, view.policy.exit_signal_months)
        text = Sentence(zh=f"须持续平稳至{until}（自{position.clear_since}起）。", en=f"Must stay clear until {until} (clear since {position.clear_since}).")
        unmet.append(Unmet(kind=UnmetKind.CLEAR_PERIOD, until=until, text=text))
    return tuple(unmet)
