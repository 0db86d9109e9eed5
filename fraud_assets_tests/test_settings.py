import pytest

from fraud_assets.errors import FraudError
from fraud_assets.settings import settings


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("FRAUD_KAFKA_PORT", "abc", r"FRAUD_KAFKA_PORT is 'abc': .*valid integer"),
        ("FRAUD_LAKE", "s3://payments", r"FRAUD_LAKE is 's3://payments': .*give a folder"),
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
