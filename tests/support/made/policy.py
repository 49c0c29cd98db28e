"""The policy bundle of the end-to-end tests.

It has a handful of rules in force, and numbers from the published examples.
"""

from pathlib import Path

BUNDLE = """\
title: {zh: 测试县, en: Test county}
currency: {zh: 元, en: yuan}
in_service: ["370399"]
"""
REGION = """\
region: "370399"
title: {zh: 测试县, en: Test county}
values:
  feeds.required:
    description: Senders of income.
    unit: agencies
    dates:
      - {since: 2020-01-01, value: [statistics],
         reference: The tests have one sender., confidence: I, illustrative: false}
  feeds.rhythm:
    description: How long a feed may be silent.
    unit: days
    dates:
      - since: 2020-01-01
        value: [{agency: bank, kind: IncomeReported, days: 30}]
        reference: The tests' bank never speaks.
        confidence: I
        illustrative: false
  income.one_off_items:
    description: Items kept out of net income.
    unit: items
    dates:
      - {since: 2020-01-01, value: [emergency_relief],
         reference: Relief is not income., confidence: H, illustrative: false}
  monitoring_line:
    description: Line of a published example.
    unit: yuan per head and year
    dates:
      - {since: 2020-01-01, value: "7300.00",
         reference: One province's line of 2023., confidence: H, illustrative: false}
  self_paid_high.ex_poor:
    description: Amount for ex-poor households.
    unit: yuan in the rolling year
    dates:
      - {since: 2020-01-01, value: "5000.00",
         reference: One county's amount., confidence: M, illustrative: false}
  self_paid_high.ordinary:
    description: Amount for other households.
    unit: yuan in the rolling year
    dates:
      - {since: 2020-01-01, value: "20000.00",
         reference: One county's amount., confidence: M, illustrative: false}
  rigid_spending_ratio.share:
    description: Share of net income.
    unit: share
    dates:
      - {since: 2020-01-01, value: "0.70",
         reference: A published share., confidence: H, illustrative: false}
  disaster_loss.home:
    description: States of the home.
    unit: states
    dates:
      - {since: 2020-01-01, value: [badly_damaged, destroyed],
         reference: Monitoring rules., confidence: H, illustrative: false}
  risk_reported.routes:
    description: Routes by which trouble may be reported.
    unit: routes
    dates:
      - {since: 2020-01-01, value: [self, cadre, hotline, one_key],
         reference: Three routes of discovery., confidence: H, illustrative: false}
  incidents.self_evident:
    description: Incidents whose households count as hit before each is checked.
    unit: hazards, severities and whom they hit
    dates:
      - since: 2020-01-01
        value: [{hazards: [landslide], severities: [I], hits: [everybody]}]
        reference: A test's number; nobody publishes such a table.
        confidence: I
        illustrative: false
  negative_list.assets:
    description: Assets that call for verification.
    unit: assets
    dates:
      - {since: 2020-01-01, value: [car, town_house],
         reference: Common to published lists., confidence: I, illustrative: false}
  forecast.months:
    description: How far to look ahead.
    unit: months
    dates:
      - {since: 2020-01-01, value: [1, 3, 6],
         reference: Foothold's own choice., confidence: I, illustrative: false}
  exit.signal_months:
    description: Months until a signal ends.
    unit: months
    dates:
      - {since: 2020-01-01, value: 1,
         reference: Foothold's default., confidence: I, illustrative: false}
  exit.stable_months:
    description: Whole calendar months an identified household must stay clear.
    unit: months
    dates:
      - {since: 2020-01-01, value: 6,
         reference: National guidance., confidence: H, illustrative: false}
  exit.min_months_since_identified:
    description: Months from identification until elimination.
    unit: months
    dates:
      - {since: 2020-01-01, value: 6,
         reference: National guidance., confidence: H, illustrative: false}
"""


def write_test_policy(folder: Path) -> None:
    """Put the bundle into a folder of bundles."""
    bundle = folder / "test"
    bundle.mkdir(parents=True, exist_ok=True)
    (bundle / "bundle.yaml").write_text(BUNDLE, encoding="utf-8")
    (bundle / "370399.yaml").write_text(REGION, encoding="utf-8")
