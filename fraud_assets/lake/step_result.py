"""What one run of a step read and wrote."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from fraud_assets.declarations.tables import Table


@dataclass
class StepResult:
    """Rows by table; zero for a target that an earlier run had written."""

    versions: str = "nothing new"
    """The upstream versions read."""
    read: Counter[Table] = field(default_factory=Counter)
    written: Counter[Table] = field(default_factory=Counter)
    updated: Counter[Table] = field(default_factory=Counter)
    """Rows changed in place."""
    notes: dict[str, Any] = field(default_factory=dict)
    """What else there is to say of the run, by name."""

    @classmethod
    def total(cls, versions: str, parts: "Iterable[StepResult]") -> "StepResult":
        """The parts of one run as one, without their notes."""
        result = cls(versions)
        for part in parts:
            result.read.update(part.read)
            result.written.update(part.written)
            result.updated.update(part.updated)
        return result

    def metadata(self) -> dict[str, Any]:
        """The result as JSON can hold it."""
        rows = {"read": self.read, "written": self.written, "updated": self.updated}
        counts = {name: {table.full_name: n for table, n in by.items() if n} for name, by in rows.items()}
        return {"versions": self.versions, **counts, **self.notes}
