"""The household holds a cover meant for what was found, but it has paid nothing.

It has paid nothing in the rolling year.

What such a cover pays is not published, so no amount is named: somebody should ask the insurer.
"""

from collections.abc import Iterator

from foothold_risk.rules.calendar import rolling_first
from foothold_risk.rules.context.incidents import Incident
from foothold_risk.rules.hints.hint import Seen, Watcher
from foothold_risk.rules.money.figures import LAYERS, HouseholdOnDay
from foothold_risk.rules.status.assess import Assessment
from foothold_schemas.messages.explanation import HintKind
from foothold_schemas.values import Sentence


def see(assessment: Assessment) -> Iterator[Seen]:
    """One hint for each cover held on the open day that answers a finding and has paid nothing."""
    view, known = assessment.view, assessment.view.policy.covers_known
    if known is None:
        return
    held = {c.cover for c in view.register.covers if c.is_held(view.day)}
    for cover in known.value:
        against = [f for f in assessment.findings if f.kind in cover.against]
        if cover.name in held and against and not _has_paid(view, cover.name):
            yield Seen(
                HintKind.COVER_UNCLAIMED,
                cover.name,
                None,
                known,
                (view.register, *(f for f in against[0].facts if not isinstance(f, Incident))),
            )


def _has_paid(view: HouseholdOnDay, cover: str) -> bool:
    first = rolling_first(view.day)
    on_bills = cover in LAYERS and any(c.paid_by(LAYERS[cover]) for c in view.claims)
    return on_bills or any(
        i.item == cover and i.amount > 0 and first <= i.day <= view.day
        for i in view.household.incomes
    )


def explain(seen: Seen, assessment: Assessment, _currency: Sentence) -> Sentence:
    """Name the cover."""
    known = assessment.view.policy.covers_known
    title = (
        next(c.title for c in known.value if c.name == seen.what)
        if known is not None
        else Sentence(zh=seen.what, en=seen.what)
    )
    return Sentence(
        zh=f"已参保{title.zh}，近一年尚无赔付，请向承保机构申请。",
        en=(
            f"Holds {title.en} ({title.zh}), which has paid nothing in the rolling year: ask the"
            " insurer."
        ),
    )


WATCHER = Watcher(HintKind.COVER_UNCLAIMED, see, explain)
