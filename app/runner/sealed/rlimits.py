"""Resource limits the kernel itself enforces (getrlimit(2)); set first, inherited by every thread."""

import resource
from collections.abc import Mapping


def apply(limits: Mapping[str, float]) -> None:
    """Set hard and soft limits of this process.

    Args:
        limits: the fields of `app.runner.limits.Limits`; memory, address_space and file_size are bytes.
    """
    wanted = {
        # RLIMIT_CORE 0 does not stop a core that is piped to a program; core(5) says that 1 does.
        resource.RLIMIT_CORE: 1,
        resource.RLIMIT_DATA: int(limits["memory"]),
        resource.RLIMIT_AS: int(limits["address_space"]),
        resource.RLIMIT_FSIZE: int(limits["file_size"]),
        resource.RLIMIT_NOFILE: int(limits["open_files"]),
        resource.RLIMIT_MEMLOCK: 0,
        resource.RLIMIT_MSGQUEUE: 0,
        resource.RLIMIT_NICE: 0,
        resource.RLIMIT_RTPRIO: 0,
        resource.RLIMIT_SIGPENDING: 64,
    }
    for which, value in wanted.items():
        hard = resource.getrlimit(which)[1]
        reached = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.setrlimit(which, (reached, reached))
