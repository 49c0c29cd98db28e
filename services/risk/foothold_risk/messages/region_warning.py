"""Makes the warning people read from a changed level.

It has numbers, share, trend, households and the policy value, in both languages.
"""

from typing import Final

from foothold_risk.messages.evidence import policy_value
from foothold_risk.rules.areas.windows import Changed
from foothold_risk.rules.policy import SHARE_SCALE
from foothold_schemas.findings import FindingKind
from foothold_schemas.messages.areas import ANY, AreaLevel, Direction, RegionWarning, WarningLevel
from foothold_schemas.messages.explanation import PolicyValue
from foothold_schemas.titles import title
from foothold_schemas.values import Sentence

_LEVELS: Final = {6: AreaLevel.COUNTY, 9: AreaLevel.TOWNSHIP, 12: AreaLevel.VILLAGE}


def announce(changed: Changed, position: int | None = None) -> RegionWarning:
    """The warning.

    Nothing in it depends on the clock or on who says it, so a second one under its id is the same.

    `position`: the offset of the signal it follows from. Where the level stands and only its count
    is another, no household is named: they stand with the change of the level, and with the cases.
    """
    return RegionWarning(
        warning_id=changed.warning_id,
        area=changed.area,
        area_level=area_level(changed.area),
        county=changed.area[:6],
        title=None if changed.cluster is None else changed.cluster.title,
        cause=ANY if changed.cause == ANY else FindingKind(changed.cause),
        window=changed.window,
        day=changed.day,
        direction=changed.direction,
        level=changed.after,
        previous_level=changed.before,
        households=changed.households,
        identified=changed.identified,
        registered=changed.registered,
        share=_share(changed),
        week_ago=changed.week_ago,
        is_priority=changed.policy.regions_priority is not None
        and changed.area in changed.policy.regions_priority.value,
        household_ids=() if changed.direction is Direction.SAME else changed.household_ids,
        reason=_reason(changed),
        policy=_edge(changed),
        bundle=changed.bundle,
        position=position,
    )


def _edge(changed: Changed) -> PolicyValue:
    """The policy value with the one edge that was passed, instead of all bands of all windows."""
    bands, keep, least = (
        changed.policy.regions_bands,
        changed.policy.regions_keep_share,
        changed.policy.regions_least_households,
    )
    if bands is None or keep is None or least is None:
        raise AssertionError("a level changes only where bands are in force")
    passed = changed.after if changed.direction is Direction.UP else changed.before
    band = next(b for b in bands.value[changed.window] if b.level is passed)
    low, high = (
        f"{edge // SHARE_SCALE}.{edge % SHARE_SCALE:04d}" for edge in (band.low, band.high)
    )
    text = (
        f"{changed.window} days: {passed} from {low} to {high}, from {least.value} households; kept"
        f" down to {keep.text} of {low}"
    )
    return policy_value(bands).model_copy(update={"value": text})


def area_level(area: str) -> AreaLevel:
    """How large an area is, by its code."""
    return AreaLevel.CLUSTER if "-" in area else _LEVELS[len(area)]


def _share(changed: Changed) -> str:
    if changed.registered == 0:
        return "0.0000"
    scaled = changed.households * SHARE_SCALE // changed.registered
    return f"{scaled // SHARE_SCALE}.{scaled % SHARE_SCALE:04d}"


def _reason(changed: Changed) -> Sentence:
    level, cluster = area_level(changed.area), changed.cluster
    zh_cause = (
        "各类风险" if changed.cause == ANY else f"“{title(FindingKind(changed.cause)).zh}”风险"
    )
    en_cause = "any risk" if changed.cause == ANY else f"“{title(FindingKind(changed.cause)).en}”"
    zh_area = (
        f"{title(level).zh}{changed.area}"
        if cluster is None
        else f"{cluster.title.zh}（{changed.area}）"
    )
    en_area = (
        f"{level.value} {changed.area}"
        if cluster is None
        else f"{cluster.title.en} ({changed.area})"
    )
    if changed.direction is Direction.SAME:
        zh_level, en_level = (
            f"区域预警维持{_level_zh(changed.after)}。",
            f"The level stands at {changed.after}.",
        )
    else:
        is_up = changed.direction is Direction.UP
        zh_before, zh_after = _level_zh(changed.before), _level_zh(changed.after)
        zh_level = f"区域预警由{zh_before}{'升' if is_up else '降'}为{zh_after}。"
        en_level = (
            f"The level {'rises' if is_up else 'falls'} from {changed.before or 'none'} to"
            f" {changed.after or 'none'}."
        )
    zh_numbers = (
        f"{zh_area}：近{changed.window}日{changed.households}户出现{zh_cause}（登记{changed.registered}户，"
        f"占{_share(changed)}）"
    )
    en_numbers = (
        f"{en_area}: {changed.households} of {changed.registered} registered households came under"
        f" {en_cause} in {changed.window} days"
    )
    zh_more = f"其中{changed.identified}户已识别；一周前{changed.week_ago}户"
    en_more = f"{changed.identified} of them identified; a week ago {changed.week_ago}"
    return Sentence(
        zh=f"{zh_numbers}，{zh_more}。{zh_level}仅为信号，不等于启动应急响应。",
        en=f"{en_numbers} ({_share(changed)}), {en_more}. {en_level} A signal, not an activation.",
    )


def _level_zh(level: WarningLevel | None) -> str:
    return "无" if level is None else title(level).zh
