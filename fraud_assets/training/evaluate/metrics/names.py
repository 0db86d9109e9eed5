"""What the metrics are called where people read them: in the demonstration's summary and on the Model page."""

NAMES = {
    "auc_roc": "AUC ROC",
    "average_precision": "Average precision",
    "card_precision_100": "Card precision @ 100",
    "precision": "Precision",
    "recall": "Recall",
    "f1": "F1",
    "brier": "Brier score",
    "scoring_us": "Scoring, µs a payment",
    "caught": "Frauds caught",
    "missed": "Frauds missed",
    "false_alarms": "False alarms",
    "let_through": "Genuine payments let through",
}


def in_words(metric: str) -> str:
    """A metric's name as people say it; one that `NAMES` lacks is its own name, in words.

    >>> in_words("let_through"), in_words("money_caught"), in_words("auc_roc_low")
    ('Genuine payments let through', 'Money caught', 'AUC ROC, low')
    """
    for bound in ("low", "high"):
        if metric.endswith(f"_{bound}"):
            return f"{in_words(metric.removesuffix(f'_{bound}'))}, {bound}"
    return NAMES.get(metric, metric.replace("_", " ").capitalize())
