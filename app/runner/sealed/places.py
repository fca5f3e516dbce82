"""Which places of the file system a sealed process may read: the interpreter, its libraries, a few system files."""

import os
import site
import sys
import sysconfig

from .landlock import READ, WRITE, Access, Grant

SYSTEM_LIBRARIES = ("/lib", "/lib64", "/usr/lib", "/usr/lib64", "/usr/local/lib")
SYSTEM_DATA = ("/usr/share/zoneinfo", "/usr/share/fonts", "/etc/fonts")
SYSTEM_FILES = ("/etc/ld.so.cache", "/etc/localtime", "/dev/urandom", "/dev/random", "/dev/zero")


def readable() -> list[str]:
    """Folders and files that libraries need; none holds anything of the application or of its users."""
    return sorted({os.path.realpath(path) for path in named()})


def named() -> list[str]:
    """The same as programs name them: some are links."""
    names = ("stdlib", "platstdlib", "purelib", "platlib")
    python = {sysconfig.get_path(name) for name in names} | set(site.getsitepackages())
    python |= {path for path in sys.path if path}
    python |= {str(sysconfig.get_config_var("LIBDIR")), os.path.join(sys.base_prefix, "lib")}  # noqa: PTH118 - as in kernel.py, no path objects needed
    return [*python, *SYSTEM_LIBRARIES, *SYSTEM_DATA, *SYSTEM_FILES]


def grants(scratch: str) -> list[Grant]:
    """What every sealed process may reach, its scratch folder being the one place it may write to."""
    return [*without_scratch(), Grant(scratch, WRITE)]


def without_scratch() -> list[Grant]:
    """What a process may reach that has no folder of its own."""
    null = Grant("/dev/null", Access.READ_FILE | Access.WRITE_FILE)
    return [*(Grant(path, READ) for path in readable()), null]
