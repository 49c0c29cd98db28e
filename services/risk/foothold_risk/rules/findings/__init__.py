"""One file per finding. Each says in code what its policy sentence says in words; `ALL` is the order in which people read them."""

from foothold_risk.rules.findings import disaster_loss, income_below_line, rigid_spending_ratio, self_paid_high

ALL = (income_below_line.RULE, disaster_loss.RULE, self_paid_high.RULE, rigid_spending_ratio.RULE)
