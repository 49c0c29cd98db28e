"""One file per hint: help nobody has asked for yet, or something to verify.

`ALL` is the order in which people read them.
"""

from foothold_risk.rules.hints import (
    city_supplement,
    grade_differs,
    negative_list,
    one_budget,
    other_covers,
    own_share_target,
)

ALL = (
    city_supplement.WATCHER,
    other_covers.WATCHER,
    own_share_target.WATCHER,
    negative_list.WATCHER,
    one_budget.WATCHER,
    grade_differs.WATCHER,
)
