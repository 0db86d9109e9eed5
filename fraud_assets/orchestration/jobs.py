"""The names of Dagster's jobs and of the code location: no Dagster is imported here, for the commands' sake."""

from enum import StrEnum

CODE_LOCATION = "fraud_assets"
"""The name under which Dagster serves the assets."""


class Job(StrEnum):
    """A job; all but `UPKEEP` are partitioned by source. Dagster takes the ``value``, it cannot serialize the enum."""

    REFRESH = "refresh"
    REFERENCES = "references"
    SUMMARIES = "summaries"
    TRAIN = "train"
    UPKEEP = "upkeep"

    @property
    def of_a_source(self) -> bool:
        """Whether a run of the job is for one source."""
        return self is not Job.UPKEEP
