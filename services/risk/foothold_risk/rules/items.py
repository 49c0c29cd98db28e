"""What an income is called. Senders write one item in many ways; folded, they are one."""

import re
import unicodedata
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import Final

_SPACES: Final = re.compile(r"[\s_\-]+")


class Counts(StrEnum):
    """How policy counts an item.

    It counts, it is one-off (it never enters net income), or it is no income at all (a sale, a
    loan).
    """

    COUNTED = "counted"
    ONE_OFF = "one_off"
    NO_INCOME = "no_income"


@dataclass(frozen=True, slots=True)
class IncomeItem:
    """An income item by policy's name, what policy makes of it, and what senders call it."""

    name: str
    counts: Counts
    also: frozenset[str] = frozenset()


NEVER_INCOME: Final = (
    IncomeItem(
        "emergency_relief",
        Counts.ONE_OFF,
        frozenset({"temporary_relief", "临时救助", "临时救助金", "急难救助"}),
    ),
    IncomeItem("disaster_relief", Counts.ONE_OFF, frozenset({"救灾款", "受灾救助", "灾害救助"})),
    IncomeItem(
        "sale_of_property",
        Counts.NO_INCOME,
        frozenset(
            {"sale_of_house", "house_sale", "property_sale", "卖房款", "房屋出售", "变卖财产"}
        ),
    ),
    IncomeItem("loan", Counts.NO_INCOME, frozenset({"bank_loan", "credit", "贷款", "借款"})),
)
"""Where a county gives no list (I): help that comes once, and what a sale or a loan brings."""


@lru_cache(maxsize=4096)
def item_key(item: str) -> str:
    """Return the item without case, spaces, underscores, hyphens and full-width letters.

    So `Emergency_Relief` is `emergency relief`.
    """
    return _SPACES.sub("", unicodedata.normalize("NFKC", item).casefold())
