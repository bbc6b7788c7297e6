"""Batches: each index once, repeatable, full, and no longer than needed."""

import numpy as np
import pytest

from zoo.data.batches import bucketed, shuffled
from zoo.errors import InputError

pytestmark = pytest.mark.neutral

LENGTHS = np.random.default_rng(3).integers(0, 31, 200)
BOUNDARIES = [5, 10, 20, 30]


def make(seed=0, epoch=0, **options):
    return bucketed(LENGTHS, 16, BOUNDARIES, seed, epoch, **options)


@pytest.mark.parametrize("shuffle", [True, False])
def test_each_index_is_in_one_batch_of_the_smallest_bucket_that_holds_it(shuffle):
    batches = make(shuffle=shuffle)
    assert sorted(np.concatenate([indices for indices, _ in batches])) == list(range(200))
    for indices, length in batches:
        for n in LENGTHS[indices]:
            assert length == min(edge for edge in BOUNDARIES if edge >= n)


def test_only_the_last_batch_of_a_bucket_is_smaller():
    small = [length for indices, length in make() if len(indices) < 16]
    assert len(small) == len(set(small))
    assert max(len(indices) for indices, _ in make()) == 16


def as_lists(batches):
    return [(indices.tolist(), length) for indices, length in batches]


def test_the_order_depends_on_seed_and_epoch_only():
    assert as_lists(make(1, 2)) == as_lists(make(1, 2))
    assert as_lists(make(1, 2)) != as_lists(make(1, 3))
    assert as_lists(make(1, 2)) != as_lists(make(2, 2))
    order = [length for _, length in make()]
    assert order != sorted(order)


def test_a_sequence_beyond_the_last_boundary_is_refused():
    with pytest.raises(InputError, match=r"length 31 and boundaries \[5, 30\]"):
        bucketed([3, 31], 2, [30, 5], seed=0, epoch=0)


def test_no_sequences_give_no_batches():
    assert bucketed([], 4, [5], seed=0, epoch=0) == []
    assert shuffled(0, 4, seed=0, epoch=0) == []


def test_shuffled_covers_each_index_once_and_differs_by_epoch():
    first, second = (np.concatenate(shuffled(50, 8, seed=0, epoch=e)) for e in (0, 1))
    assert sorted(first) == sorted(second) == list(range(50))
    assert first.tolist() != second.tolist()
    assert np.concatenate(shuffled(50, 8, 0, 0, shuffle=False)).tolist() == list(range(50))
