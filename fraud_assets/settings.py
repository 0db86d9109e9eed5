"""Every setting of the product: its type, its default and the environment variable that overrides it.

What belongs here: addresses, ports, paths and sizes that differ from one installation to the next.
What does not: anything about one source (its YAML file) or one table (``declarations/tables``).
"""

import json
import os
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Literal

from pydantic import Field, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict, SettingsError

from fraud_assets.errors import FraudError

REPOSITORY = Path(__file__).resolve().parent.parent
RENAMED = {"FRAUD_HELD_ROWS": "FRAUD_MAX_ROWS_IN_MEMORY"}
"""Variables of earlier versions, by their present names; one that is set is refused, not passed over."""


class Settings(BaseSettings):
    """The settings in force; each may be given as ``FRAUD_<NAME>`` or as the alias shown."""

    model_config = SettingsConfigDict(env_prefix="FRAUD_", populate_by_name=True, extra="ignore")

    # Where things are kept
    lake: str = Field(default=str(REPOSITORY / "data_lake"), description="root of the Delta tables: a folder or a URL")
    lake_options: dict[str, str] = Field(
        default={},
        description="how to reach the lake's object store: delta-rs' options, as JSON",
    )
    runtime: Path = Field(
        default=REPOSITORY / ".fraud",
        description="everything the running stack writes that is not a table: logs, pids, Kafka, Dagster, MLflow",
    )
    cache: Path = Field(
        default=Path.home() / ".cache/fraud-lakehouse", description="downloads that every checkout may share: the jars"
    )
    sources: Path = Field(
        default=REPOSITORY / "fraud_assets/declarations/sources/catalogue", description="one YAML file a source"
    )

    # Addresses; the embedded stack listens on them, a grown installation points elsewhere
    host: str = Field(default="127.0.0.1", description="address the embedded services bind to")
    advertised_host: str = Field(
        default="", description="name others reach them by where that is not `host`; {part} stands for a part's name"
    )
    kafka_port: int = 9092
    kafka_controller_port: int = 9093
    spark_port: int = 15002
    mlflow_port: int = 5000
    dagster_port: int = 3000
    dagster_code_port: int = 4266
    streamlit_port: int = 8501

    kafka_bootstrap_servers: str = Field(default="", validation_alias="KAFKA_BOOTSTRAP_SERVERS")
    spark_remote: str = Field(default="", validation_alias="SPARK_REMOTE")
    mlflow_tracking_uri: str = Field(default="", validation_alias="MLFLOW_TRACKING_URI")

    # Sizes of the embedded stack
    spark_memory: str = Field(default="2g", description="heap of the Spark Connect server")
    spark_cores: int = Field(default=2, ge=1)
    kafka_memory: str = Field(default="512m", description="heap of the Kafka broker")

    # Ingest
    max_offsets_per_trigger: int = Field(
        default=1_250_000, ge=1, description="records in one Spark micro-batch of bronze"
    )

    # Logs
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(
        default="INFO", description="the least severe messages that the product's own log shows"
    )

    # Features and training
    max_rows_in_memory: int = Field(
        default=2_000_000,
        ge=1,
        description="most payments to process in memory (training, first backfill); above it, Spark does the work",
    )

    # Watchlists: CSV files with a header, each a path or URL; empty where there is no such list
    blocked_ips: str = Field(default="", description="addresses and networks with no good payments: column ip")
    suspicious_cards: str = Field(default="", description="cards or customers to watch: column customer_id")
    suspicious_merchants: str = Field(default="", description="merchants to watch: column merchant_id")
    ip_countries: str = Field(default="", description="IPv4 ranges by country: columns start, end, country")

    @field_validator("runtime", "cache", "sources")
    @classmethod
    def _absolute(cls, path: Path) -> Path:
        return path.expanduser().absolute()

    @field_validator("lake")
    @classmethod
    def _absolute_folder(cls, root: str) -> str:
        return root if "://" in root else str(Path(root).expanduser().absolute())

    @property
    def models(self) -> Path:
        """Where models fetched from the registry are kept, by version."""
        return self.runtime / "models"

    def given(self) -> dict[str, str]:
        """The settings that differ from their defaults, as environment variables for a child process."""
        return {
            str(type(self).model_fields[name].validation_alias or f"FRAUD_{name.upper()}"): _text(getattr(self, name))
            for name in sorted(self.model_fields_set)
        }

    def reached(self, part: str) -> str:
        """The host by which an embedded part is reached."""
        return self.advertised_host.replace("{part}", part) or self.host

    @cached_property
    def kafka(self) -> str:
        """Bootstrap servers: the embedded broker's unless ``KAFKA_BOOTSTRAP_SERVERS`` names others."""
        return self.kafka_bootstrap_servers or f"{self.reached('kafka')}:{self.kafka_port}"

    @cached_property
    def spark(self) -> str:
        """Spark Connect URL: the embedded server's unless ``SPARK_REMOTE`` names another."""
        return self.spark_remote or f"sc://{self.reached('spark')}:{self.spark_port}"

    @cached_property
    def mlflow(self) -> str:
        """MLflow tracking URI: the embedded server's unless ``MLFLOW_TRACKING_URI`` names another."""
        return self.mlflow_tracking_uri or f"http://{self.reached('mlflow')}:{self.mlflow_port}"

    @cached_property
    def dagster(self) -> str:
        """URL of Dagster's web server."""
        return f"http://{self.reached('dagster-webserver')}:{self.dagster_port}"

    @cached_property
    def dagster_home(self) -> Path:
        """Where the embedded Dagster keeps its instance."""
        return self.runtime / "dagster"


def _text(value: object) -> str:
    """A setting's value as an environment variable holds it."""
    return json.dumps(value) if isinstance(value, dict) else str(value)


@lru_cache
def settings() -> Settings:
    """The process's settings, read from the environment once.

    Raises:
        FraudError: a variable's value is not one that its setting can have, or its name is one of an earlier version.
    """
    for old, new in RENAMED.items():
        if old in os.environ:
            raise FraudError(f"{old} is now called {new}; set that instead")
    try:
        return Settings()
    except ValidationError as error:
        first = error.errors()[0]
        name = f"FRAUD_{str(first['loc'][0]).upper()}"
        raise FraudError(f"{name} is {first['input']!r:.80}: {first['msg']}") from error
    except SettingsError as error:
        raise FraudError(f"{error}: {error.__cause__}; give JSON") from error
