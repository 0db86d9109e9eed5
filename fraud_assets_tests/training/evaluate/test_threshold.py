from hypothesis import given
from hypothesis import strategies as st

from fraud_assets.declarations.sources.model import Costs
from fraud_assets.training.evaluate.metrics.money import money
from fraud_assets.training.evaluate.threshold import cheapest

ROW = st.tuples(st.booleans(), st.integers(0, 20).map(lambda n: n / 20), st.integers(1, 200))


@given(st.lists(ROW, min_size=1, max_size=30), st.sampled_from([1.0, 10.0, 50.0]))
def test_no_other_threshold_saves_more(payments: list[tuple[bool, float, int]], alarm: float) -> None:
    fraud, scores, amounts = zip(*payments, strict=True)
    costs = Costs(alarm=alarm, missed_share=0.9)
    chosen = cheapest(fraud, scores, amounts, costs)
    saved = money(fraud, scores, amounts, chosen, costs).cost_saved
    others = [n / 20 for n in range(21) if n / 20 <= max(scores)]
    assert saved >= max(money(fraud, scores, amounts, other, costs).cost_saved for other in others) - 1e-9
