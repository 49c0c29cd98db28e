"""The last check of assets found something on the county's negative list: verify, with a reason.

It never refuses help by itself.
"""

from collections.abc import Iterator

from foothold_risk.rules.hints.hint import Seen, Watcher
from foothold_risk.rules.status.assess import Assessment
from foothold_schemas.facts.checks import Asset
from foothold_schemas.messages.explanation import HintKind
from foothold_schemas.titles import title
from foothold_schemas.values import Sentence


def see(assessment: Assessment) -> Iterator[Seen]:
    """What is held for a disability is not among the held assets; only the latest check counts."""
    view = assessment.view
    named = view.policy.negative_list_assets
    last = max(view.household.assets, key=lambda a: a.order, default=None)
    if named is None or last is None:
        return
    hits = sorted({a for a in last.assets if a in named.value})
    if hits:
        yield Seen(HintKind.NEGATIVE_LIST, ", ".join(hits), None, named, (last,))


def explain(seen: Seen, _assessment: Assessment, _currency: Sentence) -> Sentence:
    """Name the assets."""
    assets = [Asset(name) for name in seen.what.split(", ")]
    return Sentence(
        zh=f"负面清单项：{'、'.join(title(a).zh for a in assets)}。请核实并说明理由，不自动排除。",
        en=(
            f"On the negative list: {', '.join(a.value.replace('_', ' ') for a in assets)}. Verify"
            " and give a reason; nobody is refused automatically."
        ),
    )


WATCHER = Watcher(HintKind.NEGATIVE_LIST, see, explain)
