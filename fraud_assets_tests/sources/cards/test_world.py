import numpy as np
import pytest

from fraud_assets.errors import FraudError
from fraud_assets.sources.cards.world import World


def test_equal_arguments_make_equal_worlds() -> None:
    one, other = World(50, 200, seed=3), World(50, 200, seed=3)
    assert one == other
    assert np.array_equal(one.customer_place, other.customer_place)
    assert np.array_equal(one.terminal_place, other.terminal_place)
    assert not np.array_equal(one.customer_place, World(50, 200, seed=4).customer_place)


def test_terminals_are_chosen_uniformly_within_the_radius() -> None:
    world = World(3, 2_000, radius=5.0)
    customers = np.repeat(np.arange(3), 20_000)
    chosen = world.choose_terminals(customers, np.tile(np.linspace(0, 1, 20_000, endpoint=False), 3))
    distance = np.hypot(*(world.customer_place[customers] - world.terminal_place[chosen]).T)
    assert distance.max() <= 5.0
    for customer in range(3):
        near = np.hypot(*(world.customer_place[customer] - world.terminal_place).T) <= 5.0
        used, times = np.unique(chosen[customers == customer], return_counts=True)
        assert set(used) == set(np.flatnonzero(near))
        assert times.max() - times.min() <= 1


def test_customers_out_of_reach_never_pay() -> None:
    world = World(500, 20)
    near = np.hypot(*(world.customer_place[:, None] - world.terminal_place).T).T.min(axis=1) <= world.radius
    assert 0 < near.sum() < 500
    assert np.array_equal(world.mean_payments > 0, near)


@pytest.mark.parametrize(("customers", "terminals", "radius"), [(0, 1, 5.0), (1, 0, 5.0), (1, 1, 0.0)])
def test_an_impossible_world_is_refused(customers: int, terminals: int, radius: float) -> None:
    with pytest.raises(FraudError, match="no such world"):
        World(customers, terminals, radius=radius)


def test_a_world_without_any_payment_is_refused() -> None:
    with pytest.raises(FraudError, match="no customer has a terminal in reach"):
        _ = World(1, 1).mean_payments
