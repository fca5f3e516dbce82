"""The fair lock."""

import threading
import time

from model.turns import Turns


def test_those_who_wait_are_served_in_the_order_in_which_they_came() -> None:
    turns, served, threads = Turns(), [], []

    def wait(number: int) -> None:
        with turns.turn():
            served.append(number)

    with turns.turn():
        for number in range(5):
            threads.append(threading.Thread(target=wait, args=(number,)))
            threads[-1].start()
            while turns.waiting() < number + 1:
                time.sleep(0.001)
    for thread in threads:
        thread.join()
    assert served == [0, 1, 2, 3, 4]


def test_whoever_stops_waiting_leaves_the_queue() -> None:
    turns, stop = Turns(), threading.Event()
    stop.set()
    with turns.turn():
        with turns.turn(stop) as came:
            assert not came
        assert turns.waiting() == 0
    with turns.turn() as came:
        assert came
