"""The number of threads follows from what was fastest lately."""

from model.pace import PROBE_STEPS, Pace


class Machine:
    """A machine on which a step takes a known time for each number of threads."""

    def __init__(self, seconds: dict[int, float]) -> None:
        self.seconds = seconds
        self.now = 0.0
        self.used: list[int] = []

    def run(self, pace: Pace, steps: int) -> list[int]:
        """The numbers of threads used in so many steps."""
        before = len(self.used)
        for _ in range(steps):
            with pace.step():
                self.now += self.seconds[self.used[-1]]
        return self.used[before:]

    def pace(self, threads: int) -> Pace:
        return Pace(threads, self.used.append, lambda: self.now)


def test_an_idle_machine_uses_all_threads() -> None:
    machine = Machine({2: 0.04, 1: 0.06})
    assert machine.run(machine.pace(2), 30)[2:] == [2] * 28


def test_a_busy_machine_uses_fewer() -> None:
    machine = Machine({8: 0.2, 4: 0.1})
    assert machine.run(machine.pace(8), 30)[2:] == [4] * 28


def test_a_change_of_load_is_noticed() -> None:
    machine = Machine({2: 0.2, 1: 0.08})
    pace = machine.pace(2)
    machine.run(pace, 20)
    machine.seconds = {2: 0.04, 1: 0.08}
    machine.run(pace, 10 * PROBE_STEPS)
    assert machine.run(pace, PROBE_STEPS).count(2) == PROBE_STEPS - 1


def test_a_single_core_has_no_choice() -> None:
    machine = Machine({1: 0.1})
    assert machine.run(machine.pace(1), 40) == [1] * 40
