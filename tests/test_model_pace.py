"""The number of threads follows from what was fastest lately."""

from concurrent.futures import ThreadPoolExecutor

import torch

from model.pace import PROBE_STEPS, THREADS, Calm, Pace, Paces, on_one_thread


class Machine:
    """A machine on which a step takes a known time for each number of threads, and a thread runs in a share of it."""

    def __init__(self, seconds: dict[int, float], share: float = 0.5) -> None:
        self.seconds = seconds
        self.share = share
        self.now = 0.0
        self.ran = 0.0
        self.used: list[int] = []

    def run(self, pace: Pace, steps: int) -> list[int]:
        """The numbers of threads used in so many steps."""
        before = len(self.used)
        for _ in range(steps):
            with pace.step():
                self.now += self.seconds[self.used[-1]]
                self.ran += self.seconds[self.used[-1]] * self.share
        return self.used[before:]

    def pace(self, threads: int) -> Pace:
        return Pace(threads, self.used.append, Calm(), lambda: self.now, lambda: self.ran)


def test_an_idle_machine_uses_all_threads_and_tries_nothing_else() -> None:
    machine = Machine({2: 0.04}, share=0.98)
    assert machine.run(machine.pace(2), 3 * PROBE_STEPS) == [2] * 3 * PROBE_STEPS


def test_where_others_compute_too_but_all_threads_are_faster_they_are_used() -> None:
    machine = Machine({2: 0.04, 1: 0.06})
    assert machine.run(machine.pace(2), 30)[2:] == [2] * 28


def test_a_busy_machine_uses_fewer() -> None:
    machine = Machine({8: 0.2, 4: 0.1})
    assert machine.run(machine.pace(8), 30)[2:] == [4] * 28


def test_a_change_of_load_is_noticed() -> None:
    machine = Machine({2: 0.2, 1: 0.08})
    pace = machine.pace(2)
    machine.run(pace, 20)
    machine.seconds, machine.share = {2: 0.04, 1: 0.08}, 1.0
    machine.run(pace, 10 * PROBE_STEPS)
    assert machine.run(pace, PROBE_STEPS) == [2] * PROBE_STEPS


def test_load_that_comes_later_is_noticed() -> None:
    machine = Machine({2: 0.04}, share=1.0)
    pace = machine.pace(2)
    machine.run(pace, 20)
    machine.seconds, machine.share = {2: 0.2, 1: 0.08}, 0.5
    machine.run(pace, 20)
    assert machine.run(pace, 10) == [1] * 10


def test_a_moment_that_holds_up_the_steps_changes_nothing() -> None:
    machine = Machine({2: 0.04, 1: 0.06})
    pace = machine.pace(2)
    machine.run(pace, 30)
    machine.seconds[2] = 0.8
    machine.run(pace, 2)
    machine.seconds[2] = 0.04
    assert machine.run(pace, 20) == [2] * 20


def test_a_wrong_choice_lasts_until_the_other_is_tried_once() -> None:
    machine = Machine({2: 0.8, 1: 0.06})
    pace = machine.pace(2)
    machine.run(pace, 30)
    machine.seconds[2] = 0.04
    machine.run(pace, PROBE_STEPS)
    assert machine.run(pace, 30) == [2] * 30


def test_a_single_core_has_no_choice() -> None:
    machine = Machine({1: 0.1})
    assert machine.run(machine.pace(1), 40) == [1] * 40


def test_work_on_one_thread_leaves_all_threads_to_what_comes_later() -> None:
    with on_one_thread():
        assert torch.get_num_threads() == 1
    assert torch.get_num_threads() == THREADS


def test_an_engine_made_while_another_computes_on_few_threads_may_use_all() -> None:
    used: list[int] = []

    def made_later() -> None:
        with Paces().step(1):
            used.append(torch.get_num_threads())

    with on_one_thread(), ThreadPoolExecutor() as pool:
        pool.submit(made_later).result()
    assert used == [THREADS]
