"""The grade a village gave is not the one its five scores lead to.

The scores lead to a grade by the county's weights and bands.
"""

from collections.abc import Iterator, Sequence

from foothold_risk.rules.hints.hint import Seen, Watcher
from foothold_risk.rules.policy import SHARE_SCALE, Band
from foothold_risk.rules.status.assess import Assessment
from foothold_schemas.facts.checks import Grade
from foothold_schemas.messages.explanation import HintKind
from foothold_schemas.values import Sentence


def see(assessment: Assessment) -> Iterator[Seen]:
    """The last review, while weights and bands are in force."""
    view = assessment.view
    weights, bands = view.policy.ladder_weights, view.policy.ladder_bands
    last = max(view.household.gradings, key=lambda g: g.order, default=None)
    if weights is None or bands is None or last is None:
        return
    score = weighed(last.scores, weights.value)
    by_scores = grade_of(score, bands.value)
    if by_scores is not last.grade:
        yield Seen(
            HintKind.GRADE_DIFFERS,
            f"{last.grade.value} {by_scores.value} {_text(score)}",
            None,
            bands,
            (last,),
        )


def weighed(scores: Sequence[int], weights: Sequence[int]) -> int:
    """The weighted score, in ten-thousandths of a point."""
    return sum(score * weight for score, weight in zip(scores, weights, strict=True))


def grade_of(score: int, bands: Sequence[Band]) -> Grade:
    """The band the score lies in: an edge belongs to the band that begins there.

    The best score to the highest band.
    """
    return next(
        b.grade for b in sorted(bands, key=lambda b: -b.low) if b.low * SHARE_SCALE <= score
    )


def _text(score: int) -> str:
    whole, rest = divmod(score, SHARE_SCALE)
    return str(whole) if rest == 0 else f"{whole}.{rest:04d}".rstrip("0")


def explain(seen: Seen, _assessment: Assessment, _currency: Sentence) -> Sentence:
    """Say both grades and the score."""
    given, by_scores, score = seen.what.split()
    return Sentence(
        zh=f"村级评定为{given}，五项得分加权为{score}，对应{by_scores}，请核实。",
        en=(
            f"The village graded {given}; its scores weigh {score}, which is {by_scores}: check the"
            " review."
        ),
    )


WATCHER = Watcher(HintKind.GRADE_DIFFERS, see, explain)
