"""Which version is shown as the champion, under which names."""

import polars as pl

from streamlit_app.queries.model import champion, comparable, versions

PERFORMANCE = pl.LazyFrame(
    {
        "model_version": [1, 1, 2, 3],
        "metric": ["brier_score", "auc_roc", "auc_roc", "auc_roc"],
        "value": [0.1, 0.8, 0.9, 0.7],
        "role": ["champion", "champion", "champion", "challenger"],
    }
)


def test_the_champion_is_the_newest_that_became_one() -> None:
    assert champion(versions(PERFORMANCE))["value"].to_list() == [0.9]
    only_challengers = versions(PERFORMANCE.with_columns(role=pl.lit("challenger")))
    assert champion(only_challengers)["model_version"].to_list() == [3]


def test_known_metrics_come_first_and_all_have_titles() -> None:
    assert versions(PERFORMANCE)["title"].to_list() == ["AUC ROC", "Brier score", "AUC ROC", "AUC ROC"]
    assert comparable(versions(PERFORMANCE)) == ["AUC ROC"]
    assert comparable(versions(PERFORMANCE.head(1))) == ["Brier score"]
