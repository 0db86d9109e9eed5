import pytest

from fraud_assets.errors import FraudError
from fraud_assets.settings import settings


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("FRAUD_KAFKA_PORT", "abc", r"FRAUD_KAFKA_PORT is 'abc': .*valid integer"),
        ("FRAUD_LOG_LEVEL", "LOUD", r"FRAUD_LOG_LEVEL is 'LOUD': .*'DEBUG', 'INFO'"),
        ("FRAUD_LAKE_OPTIONS", "abc", r'"lake_options".*; give JSON'),
        ("FRAUD_HELD_ROWS", "5", "FRAUD_HELD_ROWS is now called FRAUD_MAX_ROWS_IN_MEMORY"),
    ],
)
def test_a_wrong_variable_is_named_with_what_was_found(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, said: str
) -> None:
    monkeypatch.setenv(name, value)
    settings.cache_clear()
    try:
        with pytest.raises(FraudError, match=said):
            settings()
    finally:
        monkeypatch.undo()
        settings.cache_clear()
