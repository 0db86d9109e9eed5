import yaml

from fraud_assets.settings import REPOSITORY, Settings
from fraud_assets.stack.parts import parts

COMPOSE = yaml.safe_load((REPOSITORY / "docker/compose.yaml").read_text())


def test_compose_runs_the_parts_of_the_embedded_stack_by_their_own_definitions() -> None:
    services = COMPOSE["services"]
    assert list(services) == [part.name for part in parts(Settings())]
    for name, service in services.items():
        assert service["command"] == ["part", name]
        assert service["healthcheck"]["test"] == ["CMD", "fraud", "part", name, "--check"]


def test_compose_starts_a_part_after_the_one_it_needs() -> None:
    for part in parts(Settings()):
        if part.after:
            condition = COMPOSE["services"][part.name]["depends_on"][part.after]
            assert condition == {"condition": "service_healthy"}


def test_a_part_is_reached_by_its_services_name() -> None:
    given = {name.lower(): value for name, value in COMPOSE["x-environment"].items()}
    settings = Settings(host=given["fraud_host"], advertised_host=given["fraud_advertised_host"])
    assert settings.kafka == f"kafka:{settings.kafka_port}"
    assert settings.spark == f"sc://spark:{settings.spark_port}"
    assert settings.mlflow == f"http://mlflow:{settings.mlflow_port}"
    assert settings.dagster == f"http://dagster-webserver:{settings.dagster_port}"


def test_compose_publishes_the_ports_that_people_open_to_this_machine_only() -> None:
    published = [port for service in COMPOSE["services"].values() for port in service.get("ports", [])]
    assert len(published) == 3
    assert all(port.startswith("127.0.0.1:") for port in published)
