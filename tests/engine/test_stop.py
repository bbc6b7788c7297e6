"""Generation that ends with one of several sequences."""

import numpy as np
import pytest
from keras import ops
from toy_steps import Toy, V, starts

from zoo.engine.decoding import generate, stream
from zoo.engine.settings import ANYTHING, NOTHING, stop_table
from zoo.models.step import Step

STEPS = 24
STOPS = [
    [[2]],
    [[1, 0]],
    [[0, 0, 0], [3]],
    [[1, 2, 3], [2, 1], [3, 3]],
    [[2, 2], [2]],  # one sequence ends the other
    [[1] * 40],  # longer than what is written
]


def cut(row, stop, pad):
    """`row` as it is after the first end of a sequence, by hand."""
    for t in range(1, len(row) + 1):
        if any(row[:t].tolist()[-len(s) :] == s for s in stop):
            return [*row[:t].tolist(), *[pad] * (len(row) - t)]
    return row.tolist()


@pytest.mark.parametrize("temperature", [0.0, 1.5])
@pytest.mark.parametrize("stop", STOPS)
def test_a_row_is_cut_where_a_sequence_first_ends(stop, temperature):
    toy, options = Toy(4), {"temperature": temperature, "seed": 3, "pad": 3}
    state = toy.state(12)
    free = generate(toy.step, starts(12), state, STEPS, **options)
    found = generate(toy.step, starts(12), state, STEPS, stop=stop, **options)
    assert found.tolist() == [cut(row, stop, 3) for row in free]
    columns = np.stack(list(stream(toy.step, starts(12), state, STEPS, stop=stop, **options)), 1)
    np.testing.assert_array_equal(columns, found[:, : columns.shape[1]])
    assert np.all(found[:, columns.shape[1] :] == 3)


def test_some_rows_end_and_the_others_go_on():
    toy, options = Toy(4), {"temperature": 1.5, "seed": 3}
    free = generate(toy.step, starts(12), toy.state(12), 6, **options)
    found = generate(toy.step, starts(12), toy.state(12), 6, stop=[[1, 0]], **options)
    assert 0 < np.count_nonzero(np.any(found != free, axis=1)) < 12


def test_no_sequence_stops_nothing():
    toy = Toy(4)
    free = generate(toy.step, starts(3), toy.state(3), 9)
    for stop in (None, [], ()):
        np.testing.assert_array_equal(
            generate(toy.step, starts(3), toy.state(3), 9, stop=stop), free
        )


def test_the_start_is_no_part_of_a_sequence():
    count = Step(lambda token, state: (ops.one_hot((token + 1) % 5, 5), state))
    assert generate(count, np.array([1]), [], 6, stop=[[1, 2]]).tolist() == [[2, 3, 4, 0, 1, 2]]
    # Nor are the zeros that fill what is not yet written.
    assert generate(count, np.array([4]), [], 6, stop=[[0, 0, 1]]).tolist() == [[0, 1, 2, 3, 4, 0]]


def test_the_loop_stops_and_sequences_of_other_lengths_share_its_program():
    calls = []

    def count(token, state):
        calls.append(1)
        return ops.one_hot((token + 1) % 6, 6), state

    step = Step(count)
    generate(step, np.array([1]), [], 500, stop=[[2, 3, 4], [5]])
    assert len(calls) < 10  # traced or eager, nobody called it 500 times
    shapes = {stop_table(s, 6).shape for s in ([[2, 3, 4], [5]], [[1, 2, 3, 4], [5, 5]])}
    assert shapes == {(2, 4)}


def test_the_table_ends_each_sequence_in_the_last_column():
    assert stop_table([[1], [2, 3], np.array([0, 0, V - 1])], V).tolist() == [
        [ANYTHING, ANYTHING, ANYTHING, 1],
        [ANYTHING, ANYTHING, 2, 3],
        [ANYTHING, 0, 0, V - 1],
        [NOTHING] * 4,
    ]
