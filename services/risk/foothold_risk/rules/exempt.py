"""A finding people checked and found harmless stays quiet until its day has come, or until the facts have changed materially."""

from collections.abc import Iterable
from datetime import date
from hashlib import blake2b

from foothold_risk.rules.finding import Found
from foothold_risk.rules.household import Exemption
from foothold_risk.rules.policy import SHARE_SCALE, PolicyOfDay
from foothold_schemas.decisions import FindingExempted


def exemption_of(found: Found, word: FindingExempted) -> Exemption:
    """The exemption with what the finding saw that day."""
    return Exemption(found.kind, _beyond(found), _size(found), _facts(found), word.exempted_on, word.until, word.reason, word.by)


def standing(exemptions: Iterable[Exemption], found: Iterable[Found], day: date, policy: PolicyOfDay) -> tuple[Exemption, ...]:
    """Those that still hold on the day. One that fell does not come back: somebody has to check again."""
    seen = {f.kind: f for f in found}
    return tuple(e for e in exemptions if day <= e.until and not (e.kind in seen and _has_changed(e, seen[e.kind], policy)))


def _has_changed(exemption: Exemption, found: Found, policy: PolicyOfDay) -> bool:
    """How far the value lies beyond its threshold has grown by more than policy's share of the value; what is no number, by any other fact."""
    beyond = _beyond(found)
    if beyond is None or exemption.beyond is None or exemption.size is None:
        return exemption.facts != _facts(found)
    share = 0 if policy.exemption_material_share is None else policy.exemption_material_share.value
    return (beyond - exemption.beyond) * SHARE_SCALE > exemption.size * share


def _beyond(found: Found) -> int | None:
    if isinstance(found.value, int) and isinstance(found.threshold, int):
        return abs(found.value - found.threshold)
    return None


def _size(found: Found) -> int | None:
    return abs(found.value) if isinstance(found.value, int) else None


def _facts(found: Found) -> bytes:
    return blake2b(b"".join(sorted(f.fact_id for f in found.facts)), digest_size=8).digest()
