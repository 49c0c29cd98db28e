"""A verified disaster in the rolling year did the household harm that policy counts.

It left the home or the main worker in a state policy names, or took a share of the year's income.
"""

from collections.abc import Iterable
from typing import Final

from foothold_risk.rules.findings.finding import (
    MOST_NAMED,
    Finding,
    Rule,
    Share,
    Words,
    and_more,
    percent_text,
    spending_window,
)
from foothold_risk.rules.household.facts import Disaster
from foothold_risk.rules.money.figures import HouseholdOnDay
from foothold_risk.rules.policy import SHARE_SCALE
from foothold_schemas.facts.facts import HomeState, WorkerState
from foothold_schemas.findings import FindingKind
from foothold_schemas.titles import title
from foothold_schemas.values import Fen, Sentence

_SEVERITY: Final = {state: rank for rank, state in enumerate(HomeState)} | {
    WorkerState.UNHURT: 0,
    WorkerState.DISABLED: 4,
    WorkerState.DEAD: 5,
}


def find(view: HouseholdOnDay) -> Finding[Share | Words] | None:
    """A verified disaster whose damage stands on the list; else losses that reach the share."""
    listed = tuple(
        sorted(
            (d for d in view.disasters if _counts(d, view)),
            key=lambda d: (-_weight(d), -d.day.toordinal(), d.fact_id),
        )
    )
    if not listed:
        return _by_loss(view)
    worst = listed[0]
    home = view.policy.disaster_loss_home
    by_home = home is not None and worst.home in home.value
    states = home if by_home else view.policy.disaster_loss_worker
    if states is None:
        return None
    seen = worst.home if by_home else worst.main_worker
    return Finding(
        FindingKind.DISASTER_LOSS,
        Words(seen.value, states.text, "state"),
        spending_window(view.day),
        states,
        listed,
    )


def hits(view: HouseholdOnDay) -> tuple[Disaster, ...]:
    """Return every disaster that counts.

    It counts by what it did, and, where the losses of the year reach the share, by its loss.
    """
    by_loss = _by_loss(view)
    lost = () if by_loss is None else by_loss.facts
    return tuple(d for d in view.disasters if _counts(d, view) or d in lost)


def _by_loss(view: HouseholdOnDay) -> Finding[Share | Words] | None:
    """Losses of the rolling year x 10,000 >= net income x share.

    Without net income any loss is too much; income not heard: unknown.
    """
    share, lost = (
        view.policy.disaster_loss_share,
        [(d.loss, d) for d in view.disasters if d.is_verified and d.loss],
    )
    loss = sum(amount for amount, _ in lost)
    if (
        share is None
        or view.net is None
        or loss <= 0
        or loss * SHARE_SCALE < view.net * share.value
    ):
        return None
    facts = tuple(d for _, d in sorted(lost, key=lambda pair: (-pair[0], pair[1].fact_id)))
    return Finding(
        FindingKind.DISASTER_LOSS,
        Share(
            Fen(loss), Fen(-(-view.net * share.value // SHARE_SCALE)), Fen(view.net), share.value
        ),
        spending_window(view.day),
        share,
        facts,
    )


def is_unknown(view: HouseholdOnDay) -> bool:
    """Whether losses can be compared with nothing, because income is not heard."""
    return (
        view.policy.disaster_loss_share is not None
        and view.net is None
        and any(d.is_verified and d.loss for d in view.disasters)
    )


def _counts(disaster: Disaster, view: HouseholdOnDay) -> bool:
    home, worker = view.policy.disaster_loss_home, view.policy.disaster_loss_worker
    hit = (home is not None and disaster.home in home.value) or (
        worker is not None and disaster.main_worker in worker.value
    )
    return disaster.is_verified and hit


def _weight(disaster: Disaster) -> int:
    return max(_SEVERITY[disaster.home], _SEVERITY[disaster.main_worker])


def explain(finding: Finding[Share | Words], view: HouseholdOnDay, currency: Sentence) -> Sentence:
    """Say what struck, when, and what it did; of several the newest first."""
    if isinstance(finding.measure, Share):
        return _losses(finding, finding.measure, currency)
    struck = newest_first(hits(view))
    named, others = struck[:MOST_NAMED], and_more(len(struck), "起")
    did = [_harm(d, view, currency) for d in named]
    zh = "；".join(
        f"{d.day}遭受{title(d.hazard).zh}，{harm.zh}" for d, harm in zip(named, did, strict=True)
    )
    en = "; by ".join(
        f"{title(d.hazard).en} on {d.day}: {harm.en}" for d, harm in zip(named, did, strict=True)
    )
    return Sentence(zh=f"{zh}{others.zh}。", en=f"Struck by {en}{others.en}.")


def newest_first(disasters: Iterable[Disaster]) -> list[Disaster]:
    """By day, the graver of two of one day first."""
    return sorted(disasters, key=lambda d: (-d.day.toordinal(), -_weight(d), d.fact_id))


def _harm(disaster: Disaster, view: HouseholdOnDay, currency: Sentence) -> Sentence:
    """Every state that counts; without one, what was lost."""
    home, worker = view.policy.disaster_loss_home, view.policy.disaster_loss_worker
    harm = []
    if home is not None and disaster.home in home.value:
        state = title(disaster.home)
        harm.append(Sentence(zh=f"住房{state.zh}", en=f"the home is {state.en}"))
    if worker is not None and disaster.main_worker in worker.value:
        state = title(disaster.main_worker)
        harm.append(Sentence(zh=f"主要劳动力{state.zh}", en=f"the main worker is {state.en}"))
    if not harm:
        loss = Fen(disaster.loss or 0)
        harm.append(Sentence(zh=f"损失{loss}{currency.zh}", en=f"a loss of {loss} {currency.en}"))
    return Sentence(zh="，".join(s.zh for s in harm), en=", ".join(s.en for s in harm))


def _losses(finding: Finding[Share | Words], losses: Share, currency: Sentence) -> Sentence:
    """What struck, and that the losses of all together reach the share."""
    loss, net, percent = losses.value, losses.of, percent_text(losses.share)
    struck = newest_first(f for f in finding.facts if isinstance(f, Disaster))
    zh = "、".join(f"{d.day}遭受{title(d.hazard).zh}" for d in struck[:MOST_NAMED])
    en = " and by ".join(f"{title(d.hazard).en} on {d.day}" for d in struck[:MOST_NAMED])
    others = and_more(len(struck), "起")
    return Sentence(
        zh=f"{zh}{others.zh}，损失{loss}{currency.zh}，达到家庭年纯收入{net}{currency.zh}的{percent}。",
        en=(
            f"Struck by {en}{others.en}: losses of {loss} {currency.en} reach"
            f" {percent} of the net income of {net} {currency.en}."
        ),
    )


RULE = Rule(
    FindingKind.DISASTER_LOSS,
    is_risk=True,
    is_shock=True,
    needs_income=False,
    find=find,
    explain=explain,
)
