"""A poor household's own share of its bills is above the target.

Some layer of cover may not have paid yet.
"""

from collections.abc import Iterator

from foothold_risk.rules.findings.finding import percent_text, weightiest
from foothold_risk.rules.hints.hint import Seen, Watcher
from foothold_risk.rules.policy import SHARE_SCALE
from foothold_risk.rules.status.assess import Assessment
from foothold_schemas.messages.explanation import HintKind
from foothold_schemas.values import Fen, Sentence, Standing


def see(assessment: Assessment) -> Iterator[Seen]:
    """Own shares x 10,000 > totals x target, over the rolling year.

    For ex-poor households and those people identified.
    """
    view = assessment.view
    target = view.policy.own_share_target
    is_meant = view.register.standing is Standing.EX_POOR or view.household.position.is_identified
    if target is None or not is_meant:
        return
    own, total = sum(c.own_share for c in view.claims), sum(c.total for c in view.claims)
    if own * SHARE_SCALE > total * target.value:
        yield Seen(
            HintKind.OWN_SHARE_ABOVE_TARGET,
            str(own),
            own - total * target.value // SHARE_SCALE,
            target,
            weightiest(view.claims),
        )


def explain(seen: Seen, assessment: Assessment, currency: Sentence) -> Sentence:
    """Say the share, the target and the amount between them."""
    total = Fen(sum(c.total for c in assessment.view.claims))
    own, over = Fen(int(seen.what)), Fen(seen.amount or 0)
    in_force = assessment.view.policy.own_share_target
    target = "" if in_force is None else percent_text(in_force.value)
    return Sentence(
        zh=(
            f"近一年医疗费用{total}{currency.zh}，自付{own}{currency.zh}，"
            f"比{target}的目标多{over}{currency.zh}，请核对各项报销和救助是否到位。"
        ),
        en=(
            f"Own share of bills in the rolling year is {own} of {total} {currency.en}, {over}"
            f" above the target of {target}: check that every layer has paid."
        ),
    )


WATCHER = Watcher(HintKind.OWN_SHARE_ABOVE_TARGET, see, explain)
