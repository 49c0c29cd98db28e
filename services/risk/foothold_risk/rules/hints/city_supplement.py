"""The city's supplementary insurance (齐惠保) would still pay for bills.

They are bills of a calendar year, and nobody has claimed it.

Per person and calendar year it pays the least of three amounts: its share of what basic insurance
left above an amount, what is still unpaid, and the cap of the setting. Inpatient care and special
outpatient drugs are reckoned apart, each with its own amount and cap: the published terms do not
say whether they share one, and the smaller promise is the one a household can rely on.
"""

from collections.abc import Iterable, Iterator
from typing import Final

from foothold_risk.rules.calendar import first_day, rolling_first
from foothold_risk.rules.findings.finding import weightiest
from foothold_risk.rules.hints.hint import Seen, Watcher
from foothold_risk.rules.household.facts import Claim, Income
from foothold_risk.rules.money.figures import LAYERS, HouseholdOnDay
from foothold_risk.rules.policy import SHARE_SCALE, PolicyOfDay, Value
from foothold_risk.rules.status.assess import Assessment
from foothold_schemas.facts.facts import CareSetting, IncomeCategory
from foothold_schemas.messages.explanation import HintKind
from foothold_schemas.values import Fen, Sentence

COVER: Final = "city_supplement"
_BASIC: Final = LAYERS["basic_insurance"]
_OWN: Final = LAYERS[COVER]


def see(assessment: Assessment) -> Iterator[Seen]:
    """One hint for each person, calendar year and setting with something left to claim.

    Both years the rolling year touches.
    """
    view = assessment.view
    share, above = view.policy.city_supplement_share, view.policy.city_supplement_above
    if share is None or above is None:
        return
    held = view.household.claims
    for person in sorted({c.person_ref for c in held if c.person_ref is not None}):
        for year in range(rolling_first(view.day).year, view.day.year + 1):
            for setting, cap in _caps(view.policy):
                bills = [
                    c
                    for c in held
                    if c.person_ref == person
                    and c.setting is setting
                    and c.day.year == year
                    and _is_covered(view, c)
                ]
                due = unclaimed(
                    bills,
                    _paid_out(view, person, year, setting),
                    share=share.value,
                    above=above.value,
                    cap=cap.value,
                )
                if due > 0:
                    yield Seen(
                        HintKind.CITY_SUPPLEMENT_UNCLAIMED,
                        f"{year} {setting.value}",
                        due,
                        share,
                        weightiest(bills),
                    )


def unclaimed(bills: Iterable[Claim], paid_out: int, *, share: int, above: int, cap: int) -> int:
    """Return what the insurance still owes, in fen, rounded down; 0 when nothing.

    It is owed on one person's bills of one calendar year and setting.
    """
    bills = tuple(bills)
    on_bills = sum(c.paid_by(_OWN) for c in bills)
    left_by_basic = sum(c.total - c.paid_by(_BASIC) for c in bills)
    unpaid = sum(c.own_share for c in bills) + on_bills
    benefit = min(max(0, left_by_basic - above) * share // SHARE_SCALE, unpaid, cap)
    return max(0, benefit - max(on_bills, paid_out))


def _caps(policy: PolicyOfDay) -> Iterator[tuple[CareSetting, Value[int]]]:
    if policy.city_supplement_cap_inpatient is not None:
        yield CareSetting.INPATIENT, policy.city_supplement_cap_inpatient
    if policy.city_supplement_cap_special_drugs is not None:
        yield CareSetting.SPECIAL_DRUGS, policy.city_supplement_cap_special_drugs


def _is_covered(view: HouseholdOnDay, bill: Claim) -> bool:
    return any(
        c.cover == COVER
        and c.project is None
        and c.person_ref in (None, bill.person_ref)
        and c.is_held(bill.day)
        for c in view.register.covers
    )


def _paid_out(view: HouseholdOnDay, person: str, year: int, setting: CareSetting) -> int:
    """What it paid into the household's hands for bills of the year and setting.

    A payout that names nobody may have been for this person, and one that names no bill for either
    setting, so it counts.
    """
    paid_out = 0
    for payout in view.household.incomes:
        if (
            payout.category is not IncomeCategory.CLAIMS
            or payout.item != COVER
            or payout.person_ref not in (None, person)
        ):
            continue
        its = _bills_of(payout, view.household.claims)
        is_for_setting = not its or any(b.setting is setting for b in its)
        paid_out += payout.amount if is_for_setting and _year_of(payout, its) == year else 0
    return paid_out


def _bills_of(payout: Income, bills: Iterable[Claim]) -> list[Claim]:
    """The bill it names, else those of the stay it names.

    None where it names neither that is known.
    """
    bills = tuple(b for b in bills if payout.person_ref in (None, b.person_ref))
    its = [b for b in bills if payout.claim_number and b.claim_number == payout.claim_number]
    return its or [b for b in bills if payout.stay is not None and b.stay == payout.stay]


def _year_of(payout: Income, its: Iterable[Claim]) -> int:
    """The calendar year of the last bill it is for.

    Where none is known, of the month it was for.
    """
    return max((b.day.year for b in its), default=first_day(payout.last_month).year)


def explain(seen: Seen, _assessment: Assessment, currency: Sentence) -> Sentence:
    """Say how much, of which year."""
    year, setting = seen.what.split()
    zh, en = (
        ("特药", "special drugs")
        if setting == CareSetting.SPECIAL_DRUGS
        else ("住院", "inpatient care")
    )
    amount = Fen(seen.amount or 0)
    return Sentence(
        zh=f"一名成员{year}年{zh}费用还可由齐惠保赔付{amount}{currency.zh}，尚未申领。",
        en=(
            f"One member is entitled to {amount} {currency.en} more from 齐惠保 for {en} in {year},"
            " not yet claimed."
        ),
    )


WATCHER = Watcher(HintKind.CITY_SUPPLEMENT_UNCLAIMED, see, explain)
