"""The register says that two entries live from one budget.

Count them as one, and check whether the split was made to gain benefits.
"""

from collections.abc import Iterator

from foothold_risk.rules.hints.hint import Seen, Watcher
from foothold_risk.rules.status.assess import Assessment
from foothold_schemas.messages.explanation import HintKind
from foothold_schemas.values import Sentence


def see(assessment: Assessment) -> Iterator[Seen]:
    """The latest register entry names the other one."""
    register = assessment.view.register
    if register.one_budget_with is not None:
        yield Seen(
            HintKind.ONE_BUDGET,
            register.one_budget_with,
            None,
            assessment.view.policy.heads_basis,
            (register,),
        )


def explain(seen: Seen, _assessment: Assessment, _currency: Sentence) -> Sentence:
    """Name the other entry."""
    return Sentence(
        zh=f"与户号{seen.what}共用一份收支，应合并计算；请核实是否为获取帮扶而分户。",
        en=(
            f"Lives from one budget with register entry {seen.what}: to be counted as one. Check"
            " whether the register was split to gain benefit."
        ),
    )


WATCHER = Watcher(HintKind.ONE_BUDGET, see, explain)
