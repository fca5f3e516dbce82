"""Placement over made-up machines."""

from pathlib import Path

import pytest

from model.errors import DoesNotFit
from model.machine import free_memory
from model.placement import BF16, Gpu, Machine, ModelSize, place

GB = 1_000_000_000
SEVEN_B = ModelSize("Seven", values=7 * GB, largest=GB // 4, cache_bytes=GB)
HALF_B = ModelSize("Half", values=GB // 2, largest=GB // 8)


def test_one_gpu_that_holds_it_takes_all() -> None:
    placement = place(SEVEN_B, Machine(8 * GB, 0, (Gpu(0, 12 * GB), Gpu(1, 24 * GB))))
    assert (placement.device_map, placement.dtype, placement.label) == ("cuda:1", "bfloat16", "bf16")


def test_an_older_gpu_gets_half_precision() -> None:
    assert place(SEVEN_B, Machine(8 * GB, 0, (Gpu(0, 24 * GB, bfloat16=False),))).dtype == "float16"


def test_two_gpus_share_what_neither_holds() -> None:
    placement = place(SEVEN_B, Machine(8 * GB, 0, (Gpu(0, 10 * GB), Gpu(1, 10 * GB))))
    assert placement.device_map == "auto"
    assert placement.max_memory == {0: 8 * GB, 1: 8 * GB, "cpu": 7.5 * GB}
    assert not placement.offload


def test_a_gpu_and_main_memory_share() -> None:
    placement = place(SEVEN_B, Machine(16 * GB, 0, (Gpu(0, 8 * GB),)))
    assert placement.max_memory == {0: 6 * GB, "cpu": 15.5 * GB}


def test_a_gpu_too_small_to_help_is_left_alone() -> None:
    assert place(SEVEN_B, Machine(64 * GB, 0, (Gpu(0, 3 * GB),))).device_map == "cpu"


def test_on_a_processor_the_weights_are_packed() -> None:
    placement = place(HALF_B, Machine(4 * GB, 0))
    assert (placement.device_map, placement.quantisation, placement.label) == ("cpu", "packed", "packed")


def test_a_cache_in_four_bytes_a_number_counts_twice() -> None:
    size = ModelSize("Long", values=GB, largest=GB // 8, cache_bytes=GB)
    assert place(size, Machine(int(3.8 * GB), 0)).label == "packed"
    assert place(size, Machine(int(3.6 * GB), 0)).label == "bf16"


def test_formats_are_taken_in_the_order_given() -> None:
    assert place(HALF_B, Machine(4 * GB, 0), (BF16,)).label == "bf16"


def test_what_memory_cannot_hold_is_read_from_disk() -> None:
    placement = place(SEVEN_B, Machine(6 * GB, 40 * GB))
    assert placement.offload
    assert placement.max_memory == {"cpu": 4.5 * GB}
    assert "slow" in placement.reason


def test_what_fits_nowhere_says_what_would() -> None:
    with pytest.raises(DoesNotFit, match=r"15\.5 GB of free memory.*14\.0 GB of disk"):
        place(SEVEN_B, Machine(2 * GB, 5 * GB))


def test_every_machine_that_is_large_enough_in_sum_gets_a_placement() -> None:
    for cpu in range(3, 40):
        for gpu in range(0, 40, 3):
            machine = Machine(cpu * GB, 100 * GB, (Gpu(0, gpu * GB),) if gpu else ())
            assert place(SEVEN_B, machine).reason


@pytest.mark.parametrize(
    ("limit", "used"),
    [("memory.max", "memory.current"), ("memory/memory.limit_in_bytes", "memory/memory.usage_in_bytes")],
)
def test_a_containers_memory_limit_counts_without_the_files_that_it_can_give_up(
    tmp_path: Path, limit: str, used: str
) -> None:
    (tmp_path / limit).parent.mkdir(exist_ok=True)
    (tmp_path / limit).write_text("1000000\n")
    (tmp_path / used).write_text("700000\n")
    assert free_memory(tmp_path) == 300_000
    stat = "anon 400000\nfile 300000\ninactive_file 200000\nactive_file 100000\ntotal_inactive_file 200000\n"
    (tmp_path / limit).with_name("memory.stat").write_text(stat)
    assert free_memory(tmp_path) == 600_000


def test_a_container_without_a_limit_has_what_the_machine_has(tmp_path: Path) -> None:
    (tmp_path / "memory.max").write_text("max\n")
    (tmp_path / "memory.current").write_text("700000\n")
    assert free_memory(tmp_path) > 1_000_000
