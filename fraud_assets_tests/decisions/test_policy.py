"""The policy in force by a table of cases, its order in score and amount, and errors in a policy's file."""

from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fraud_assets.decisions.policy import decide
from fraud_assets.declarations.policy.schema import PolicyError, active, load, of_text

LEVELS = ("low", "medium", "high", "critical")
DECISIONS = ("approve", "review", "block")
PROBABILITY = st.floats(0, 1)
AMOUNT = st.floats(0, 1e6)

CASES = [  # score, amount, threshold, risk level, decision
    (0.0, 10, 0.4, "low", "approve"),
    (0.19, 10, 0.4, "low", "approve"),
    (0.2, 10, 0.4, "medium", "approve"),
    (0.39, 5000, 0.4, "medium", "approve"),
    (0.4, 10, 0.4, "high", "review"),
    (0.85, 1000, 0.4, "high", "review"),
    (0.8, 1000.01, 0.4, "high", "review"),
    (0.81, 1000.01, 0.4, "critical", "block"),
    (0.81, 1000.01, 0.95, "critical", "block"),
    (0.9, 10, 0.4, "critical", "block"),
    (0.92, 10, 0.95, "medium", "approve"),
    (1.0, 10, 0.95, "critical", "block"),
]


def decided(threshold: float, *payments: tuple[float, float]) -> list[tuple[str, str]]:
    """Risk level and decision of payments given by score and amount."""
    frame = pl.DataFrame(payments, schema={"score": pl.Float64, "amount": pl.Float64}, orient="row")
    return decide(active(), frame, threshold).select("risk_level", "decision").rows()


def test_the_policy_in_force() -> None:
    cases = pl.DataFrame(CASES, schema=["score", "amount", "threshold", "risk_level", "decision"], orient="row")
    for (threshold,), group in cases.group_by("threshold"):
        found = decide(active(), group.select("score", "amount"), threshold)
        assert found.select("risk_level", "decision").rows() == group.select("risk_level", "decision").rows()
        assert found["policy_hash"].unique().to_list() == [active().hash]


@given(score=PROBABILITY, higher=PROBABILITY, amount=AMOUNT, threshold=PROBABILITY)
def test_a_higher_score_is_never_a_lower_risk(score: float, higher: float, amount: float, threshold: float) -> None:
    low, high = sorted((score, higher))
    (risk, decision), (risk_above, decision_above) = decided(threshold, (low, amount), (high, amount))
    assert LEVELS.index(risk) <= LEVELS.index(risk_above)
    assert DECISIONS.index(decision) <= DECISIONS.index(decision_above)


@given(score=PROBABILITY, amount=AMOUNT, larger=AMOUNT, threshold=PROBABILITY)
def test_a_larger_amount_is_never_a_lower_risk(score: float, amount: float, larger: float, threshold: float) -> None:
    (risk, _), (risk_above, _) = decided(threshold, *((score, value) for value in sorted((amount, larger))))
    assert LEVELS.index(risk) <= LEVELS.index(risk_above)


RULES = """
rules:
  - {when: "score > 0.8", risk_level: high, decision: block}
  - {when: "score > 0.5", risk_level: medium, decision: review}
"""
SAME = """# another comment
rules:
- decision: block
  risk_level: 'high'
  when: score > 0.8
- {risk_level: medium, decision: review, when: score > 0.5}
"""


def hash_of(text: str, folder: Path) -> str:
    file = folder / "policy.yaml"
    file.write_text(text)
    return load(file).hash


def test_comments_and_layout_do_not_change_the_hash(tmp_path: Path) -> None:
    assert hash_of(SAME, tmp_path) == hash_of(RULES, tmp_path)


@pytest.mark.parametrize(("old", "new"), [("0.8", "0.81"), ("block", "review"), ("high", "critical")])
def test_changed_rules_change_the_hash(tmp_path: Path, old: str, new: str) -> None:
    assert hash_of(RULES.replace(old, new), tmp_path) != hash_of(RULES, tmp_path)


def test_rules_in_another_order_change_the_hash(tmp_path: Path) -> None:
    head, first, second = RULES.strip().splitlines()
    assert hash_of("\n".join([head, second, first]), tmp_path) != hash_of(RULES, tmp_path)


def test_the_text_of_a_policy_is_the_policy() -> None:
    assert of_text(active().text) == active()
    assert of_text(active().text).hash == active().hash


WRONG = [
    ("version: 1\nrules: []", "'version' is no longer given: a policy is named by the hash of its rules; remove"),
    ("{}", "rules: Field required"),
    ("rules: [{when: score > 1, risk_level: huge, decision: block}]", "risk_level: .*found 'huge'"),
    ("rules: [{when: mood > 1, risk_level: low, decision: block}]", "when: .*mood"),
    ("rules: [{when: score + 1, risk_level: low, decision: block}]", "when: .*not a condition"),
    ("rules: [{when: score >>> 1, risk_level: low, decision: block}]", "when: .*not a condition"),
    ("rules: [", "cannot be read"),
]


@pytest.mark.parametrize(("text", "message"), WRONG)
def test_an_error_names_the_file_and_the_field(tmp_path: Path, text: str, message: str) -> None:
    file = tmp_path / "strict.yaml"
    file.write_text(text)
    with pytest.raises(PolicyError, match=f"strict.yaml: .*{message}"):
        load(file)
