"""Lakes for tests: copies of one whose tables were made once."""

import shutil
from pathlib import Path

from fraud_assets.lake.location import Lake


def copied(lake: Lake | Path, to: Path) -> Lake:
    """A lake at ``to`` with all that another holds."""
    shutil.copytree(lake.root if isinstance(lake, Lake) else lake, to, dirs_exist_ok=True)
    return Lake(str(to))
