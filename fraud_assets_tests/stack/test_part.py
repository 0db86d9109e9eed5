from pathlib import Path

from fraud_assets.settings import Settings
from fraud_assets.stack.parts import parts


def test_only_the_parts_that_read_the_sources_files_change_with_them(tmp_path: Path) -> None:
    settings = Settings(sources=tmp_path)
    before, same = ({part.name: part.environment for part in parts(settings)} for _ in range(2))
    assert before == same
    (tmp_path / "shop.yaml").write_text("name: shop\n")
    changed = {part.name for part in parts(settings) if part.environment != before[part.name]}
    assert changed == {"dagster-code", "dagster-webserver", "dagster-daemon", "streamlit"}
