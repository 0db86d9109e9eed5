"""The embedded MLflow: SQLite and a folder behind one server that also serves the artifacts."""

import sys

from fraud_assets.settings import Settings
from fraud_assets.stack.part import Part, answers


def part(settings: Settings) -> Part:
    """The tracking server as a supervised process."""
    home = settings.runtime / "mlflow"
    allowed = f"localhost:*,127.0.0.1:*,{settings.reached('mlflow')}:*"  # it refuses other names in a request
    return Part(
        name="mlflow",
        command=(
            *(sys.executable, "-m", "mlflow", "server", "--workers", "1", "--uvicorn-opts", "--log-level warning"),
            *("--host", settings.host, "--port", str(settings.mlflow_port)),
            *("--backend-store-uri", f"sqlite:///{home / 'mlflow.db'}"),
            *("--serve-artifacts", "--artifacts-destination", str(home / "artifacts")),
        ),
        environment={
            "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
            "MLFLOW_DISABLE_TELEMETRY": "true",
            **({"MLFLOW_SERVER_ALLOWED_HOSTS": allowed} if settings.advertised_host else {}),
        },
        ports={"FRAUD_MLFLOW_PORT": settings.mlflow_port},
        memory_mib=600,
        address=settings.mlflow,
        healthy=lambda: answers(f"{settings.mlflow}/health"),
        prepare=lambda: home.mkdir(parents=True, exist_ok=True),
    )
