"""The system calls a sealed process may make, each with the reason why; whatever is not here is refused.

The table is written for people: it is the list to argue about. `seccomp.py` turns it into a filter.

What is not listed fails with EPERM, or with ENOSYS from number 424 on. Those numbers are newer than the oldest kernel
we run on, so that libraries expect to find them missing and fall back (clone3 to clone, openat2 to openat).
"""

import errno
from dataclasses import dataclass
from typing import Literal

SELF = -1
"""In a condition: the number of the process itself, known when the filter is made."""

UNIFIED_NUMBERS_FROM = 424  # pidfd_send_signal; from here on all architectures number alike

O_TRUNC = 0o1000
O_WRITE = 0o3  # O_WRONLY | O_RDWR
SOCK_DATAGRAM_BIT = 2
AF_UNIX = 1
CLONE_THREAD = 0x0001_0000
CLONE_NEW = 0x7E02_0080  # every CLONE_NEW* flag (clone(2)), CLONE_NEWTIME and CLONE_NEWCGROUP included
PRIO_PROCESS = 0

Test = Literal["is", "any bit of", "no bit of"]


@dataclass(frozen=True)
class If:
    """A condition on the argument number `argument` (from 0); all 64 bits count for `is`, the lower 32 for bits."""

    argument: int
    test: Test
    value: int


@dataclass(frozen=True)
class Call:
    """One row: the call, why it is in the table, conditions that must all hold, and what happens then.

    `answer` is None for "let it through"; else the kernel does nothing and answers this errno (0 is success).
    A call may have several rows; the first whose conditions hold decides.
    """

    name: str
    reason: str
    conditions: tuple[If, ...] = ()
    answer: int | None = None


def each(reason: str, *names: str) -> tuple[Call, ...]:
    """Rows without conditions that share one reason."""
    return tuple(Call(name, reason) for name in names)


def only(name: str, argument: int, reasons: dict[int, str]) -> tuple[Call, ...]:
    """A row for each value that one argument of the call may have."""
    return tuple(Call(name, why, (If(argument, "is", value),)) for value, why in reasons.items())


OPEN_FILES = (
    Call("read", "read what is open; what can be opened is Landlock's matter"),
    Call("write", "write to what is open"),
    Call("close", "give descriptors back"),
    Call("readv", "read into several buffers: io.BufferedReader, libzmq"),
    Call("writev", "write from several buffers: libzmq, C++ streams"),
    Call("pread64", "read at a position: numpy.memmap, sqlite3"),
    Call("pwrite64", "write at a position: sqlite3"),
    Call("preadv", "os.preadv"),
    Call("pwritev", "os.pwritev"),
    Call("lseek", "seek in files"),
    Call("fstat", "size and kind of an open file, at every open()"),
    Call("fstatfs", "os.fstatvfs"),
    Call("fsync", "os.fsync, sqlite3"),
    Call("fdatasync", "os.fdatasync, sqlite3"),
    Call("ftruncate", "shorten a file that is open for writing; RLIMIT_FSIZE bounds growing it"),
    Call(
        "fallocate",
        "takes no time, so that a cell could fill the disk between two looks of the watch; libc writes instead",
        answer=errno.EOPNOTSUPP,
    ),
    Call("fadvise64", "hints on an open file: pandas, shutil"),
    Call("flock", "lock an open file of one's own"),
    Call("copy_file_range", "shutil.copyfile between open files"),
    Call("sendfile", "shutil.copyfile between open files"),
    Call("dup", "os.dup; ipykernel captures descriptor 1 and 2 with it"),
    Call("dup2", "as dup"),
    Call("dup3", "as dup"),
    Call("close_range", "os.closerange"),
    *only(
        "fcntl",
        1,
        {
            0: "F_DUPFD: as dup",
            1: "F_GETFD: read the close-on-exec flag",
            2: "F_SETFD: set the close-on-exec flag",
            3: "F_GETFL: read the mode of an open file",
            4: "F_SETFL: switch blocking off and on; without F_SETOWN O_ASYNC signals nobody",
            5: "F_GETLK: locks of sqlite3",
            6: "F_SETLK: locks of sqlite3",
            7: "F_SETLKW: locks of sqlite3",
            36: "F_OFD_GETLK: locks of sqlite3",
            37: "F_OFD_SETLK: locks of sqlite3",
            38: "F_OFD_SETLKW: locks of sqlite3",
            1030: "F_DUPFD_CLOEXEC: as dup",
            1032: "F_GETPIPE_SZ: size of a pipe of one's own",
        },
    ),
    *only(
        "ioctl",
        1,
        {
            0x5401: "TCGETS: isatty() at every open()",
            0x5413: "TIOCGWINSZ: width of the terminal, asked by print helpers",
            0x541B: "FIONREAD: how much there is to read",
            0x5421: "FIONBIO: socket.setblocking",
            0x5450: "FIONCLEX: close-on-exec off",
            0x5451: "FIOCLEX: close-on-exec on",
        },
    ),
)

PATHS = (
    Call(
        "open",
        "open a file; truncating needs write access, which Landlock before ABI 3 does not see",
        (If(1, "no bit of", O_TRUNC),),
    ),
    Call("open", "open and truncate, with the intent to write", (If(1, "any bit of", O_WRITE),)),
    Call("openat", "as open", (If(2, "no bit of", O_TRUNC),)),
    Call("openat", "as open", (If(2, "any bit of", O_WRITE),)),
    Call("creat", "open for writing; Landlock decides"),
    *each("look a path up; Landlock cannot hide that a path exists", "access", "faccessat", "faccessat2"),
    *each("read a file's size and times", "stat", "lstat", "newfstatat", "statx", "statfs"),
    *each("read a symbolic link", "readlink", "readlinkat"),
    *each("list an open folder; opening it is Landlock's matter", "getdents", "getdents64"),
    *each("the current folder", "getcwd", "chdir", "fchdir", "umask"),
    *each("make and remove folders, where Landlock lets", "mkdir", "mkdirat", "rmdir"),
    *each("remove files, where Landlock lets", "unlink", "unlinkat"),
    *each("rename files, where Landlock lets", "rename", "renameat", "renameat2"),
)

NO_EFFECT = (
    # Landlock does not cover the metadata of files. Programs rarely need these to work and often call them.
    *(
        Call(name, "Landlock does not cover it: it succeeds and changes nothing", answer=0)
        for name in ("chmod", "fchmod", "fchmodat", "utime", "utimes", "utimensat", "futimesat")
    ),
    *(
        Call(name, "shutil.copy2 goes on without extended attributes if told that there are none", answer=errno.ENOTSUP)
        for name in (
            "setxattr", "lsetxattr", "fsetxattr", "getxattr", "lgetxattr", "fgetxattr",
            "listxattr", "llistxattr", "flistxattr",
        )
    ),
    Call("sched_setscheduler", "libzmq aborts if the priority of its threads cannot be set", answer=0),
)  # fmt: skip

MEMORY = (
    Call("mmap", "memory and mapped files; RLIMIT_DATA and RLIMIT_AS bound it"),
    Call("munmap", "give memory back"),
    Call("mprotect", "guard pages of threads, libraries being loaded"),
    Call("mremap", "realloc of large blocks"),
    Call("madvise", "malloc gives pages back"),
    Call("brk", "malloc"),
    Call("msync", "mmap.flush"),
    Call("membarrier", "memory ordering between one's own threads"),
)

TIME = (
    Call("clock_gettime", "the time"),
    Call("clock_getres", "time.get_clock_info"),
    Call("gettimeofday", "the time"),
    Call("time", "the time"),
    Call("times", "os.times"),
    Call("nanosleep", "sleep"),
    Call("clock_nanosleep", "time.sleep"),
    Call("pause", "signal.pause"),
    Call("alarm", "signal.alarm, to oneself"),
    Call("setitimer", "signal.setitimer, to oneself"),
    Call("getitimer", "signal.getitimer"),
    Call("restart_syscall", "the kernel resumes a sleep after a signal"),
)

WAITING = (
    *each("event loops wait on what is open", "poll", "ppoll", "select", "pselect6"),
    *each("asyncio and libzmq", "epoll_create", "epoll_create1", "epoll_ctl", "epoll_wait", "epoll_pwait"),
    *each("wake one's own threads: libzmq, asyncio", "eventfd", "eventfd2", "pipe", "pipe2"),
)

THREADS = (
    Call(
        "clone",
        "start a thread; never a process, never a namespace",
        (If(0, "any bit of", CLONE_THREAD), If(0, "no bit of", CLONE_NEW)),
    ),
    Call("futex", "locks"),
    Call("set_robust_list", "every new thread of glibc"),
    Call("rseq", "every new thread of glibc"),
    Call("gettid", "threading.get_native_id"),
    Call("sched_yield", "time.sleep(0), spinning locks"),
    Call("sched_getaffinity", "os.cpu_count, OpenBLAS"),
    Call("sched_getparam", "libzmq reads its threads' priority"),
    Call("sched_getscheduler", "libzmq reads its threads' priority"),
    Call("sched_get_priority_max", "libzmq"),
    Call("sched_get_priority_min", "libzmq"),
    Call("getcpu", "which processor runs this thread"),
    Call("exit", "end of a thread"),
    Call("exit_group", "end of the process"),
)

SIGNALS = (
    *each("handlers of one's own signals", "rt_sigaction", "rt_sigprocmask", "rt_sigreturn", "sigaltstack"),
    *each("wait for one's own signals", "rt_sigpending", "rt_sigtimedwait", "rt_sigsuspend"),
    Call("kill", "a signal to oneself only", (If(0, "is", SELF),)),
    Call("tgkill", "a signal to a thread of one's own: abort(), _thread.interrupt_main", (If(0, "is", SELF),)),
)

ABOUT_ONESELF = (
    *each("who am I", "getpid", "getppid", "getpgrp", "getuid", "geteuid", "getgid", "getegid"),
    *each("who am I", "getresuid", "getresgid", "getgroups"),
    Call("getrusage", "resource.getrusage"),
    Call("getrlimit", "resource.getrlimit"),
    Call("prlimit64", "read or lower one's own limits", (If(0, "is", 0),)),
    Call("prlimit64", "read or lower one's own limits", (If(0, "is", SELF),)),
    Call("getpriority", "os.nice reads before it writes", (If(0, "is", PRIO_PROCESS), If(1, "is", 0))),
    Call("setpriority", "os.nice: make oneself slower", (If(0, "is", PRIO_PROCESS), If(1, "is", 0))),
    Call("sched_setaffinity", "bind oneself to processors", (If(0, "is", 0),)),
    Call("getrandom", "os.urandom, random seeds, hash seeds"),
    Call("uname", "platform.uname"),
    Call("sysinfo", "how much memory there is: numpy tests, glibc qsort"),
    Call("wait4", "subprocess and multiprocessing look for children and find none"),
    Call("waitid", "as wait4"),
    *only(
        "prctl",
        0,
        {
            3: "PR_GET_DUMPABLE: read a flag of one's own",
            15: "PR_SET_NAME: name of a thread",
            16: "PR_GET_NAME: name of a thread",
            39: "PR_GET_NO_NEW_PRIVS: read a flag of one's own",
            0x53564D41: "PR_SET_VMA: malloc names its memory",
        },
    ),
)

CONNECTIONS = (
    # No socket can be made, bound or connected: these serve the ones that Jupyter's client connects to.
    Call("accept", "the client connects to sockets that were bound before sealing"),
    Call("accept4", "as accept"),
    Call("recvfrom", "requests arrive"),
    Call("sendto", "replies leave on a connection; never to an address", (If(4, "is", 0),)),
    Call("getsockname", "libzmq logs connections"),
    Call("getpeername", "libzmq logs connections"),
    Call("getsockopt", "libzmq checks connections for errors"),
    Call("shutdown", "close one direction of a connection"),
    Call("socketpair", "asyncio wakes itself; a datagram pair could send to any socket's path",
         (If(0, "is", AF_UNIX), If(1, "no bit of", SOCK_DATAGRAM_BIT))),
)  # fmt: skip

KERNEL_POLICY = (
    *OPEN_FILES,
    *WAITING,
    *TIME,
    *THREADS,
    *MEMORY,
    *CONNECTIONS,
    *PATHS,
    *SIGNALS,
    *ABOUT_ONESELF,
    *NO_EFFECT,
)
"""Calls of a sealed kernel; the most frequent ones first, as the filter is read from the top."""

ONESHOT_POLICY = tuple(row for row in KERNEL_POLICY if row not in CONNECTIONS)
"""Calls of a one-shot run, which has no connection but its result pipe."""
