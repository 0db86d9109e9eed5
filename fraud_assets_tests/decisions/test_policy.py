"""The policy in force by a table of cases, its order in score and amount, and errors in a policy's file."""

from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fraud_assets.decisions.policy import PolicyError, in_force, load

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
    return in_force().decide(frame, threshold).select("risk_level", "decision").rows()


def test_the_policy_in_force() -> None:
    cases = pl.DataFrame(CASES, schema=["score", "amount", "threshold", "risk_level", "decision"], orient="row")
    for (threshold,), group in cases.group_by("threshold"):
        found = in_force().decide(group.select("score", "amount"), threshold)
        assert found.select("risk_level", "decision").rows() == group.select("risk_level", "decision").rows()
        assert found["policy_version"].unique().to_list() == [in_force().version]


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


WRONG = [
    ("version: 0\nrules: []", "version: Input should be greater than or equal to 1; found 0"),
    ("version: 1", "rules: Field required"),
    ("version: 1\nrules: [{when: score > 1, risk_level: huge, decision: block}]", "risk_level: .*found 'huge'"),
    ("version: 1\nrules: [{when: mood > 1, risk_level: low, decision: block}]", "when: .*mood"),
    ("version: 1\nrules: [{when: score + 1, risk_level: low, decision: block}]", "when: .*not a condition"),
    ("version: 1\nrules: [{when: score >>> 1, risk_level: low, decision: block}]", "when: .*not a condition"),
    ("version: [", "cannot be read"),
]


@pytest.mark.parametrize(("text", "message"), WRONG)
def test_an_error_names_the_file_and_the_field(tmp_path: Path, text: str, message: str) -> None:
    file = tmp_path / "strict.yaml"
    file.write_text(text)
    with pytest.raises(PolicyError, match=f"strict.yaml: .*{message}"):
        load(file)
