"""Numbers of the system calls that the policy names, as in the kernel's tables.

Sources: arch/x86/entry/syscalls/syscall_64.tbl and include/uapi/asm-generic/unistd.h of Linux 6.18. A call that is
missing in one table does not exist on that architecture.
"""

# fmt: off
X86_64 = {
    "accept": 43, "accept4": 288, "access": 21, "alarm": 37, "brk": 12, "chdir": 80, "chmod": 90,
    "clock_getres": 229, "clock_gettime": 228, "clock_nanosleep": 230, "clone": 56, "close": 3,
    "close_range": 436, "copy_file_range": 326, "creat": 85, "dup": 32, "dup2": 33, "dup3": 292,
    "epoll_create": 213, "epoll_create1": 291, "epoll_ctl": 233, "epoll_pwait": 281, "epoll_wait": 232,
    "eventfd": 284, "eventfd2": 290, "exit": 60, "exit_group": 231, "faccessat": 269, "faccessat2": 439,
    "fadvise64": 221, "fallocate": 285, "fchdir": 81, "fchmod": 91, "fchmodat": 268, "fcntl": 72,
    "fdatasync": 75, "fgetxattr": 193, "flistxattr": 196, "flock": 73, "fsetxattr": 190, "fstat": 5,
    "fstatfs": 138, "fsync": 74, "ftruncate": 77, "futex": 202, "futimesat": 261, "getcpu": 309,
    "getcwd": 79, "getdents": 78, "getdents64": 217, "getegid": 108, "geteuid": 107, "getgid": 104,
    "getgroups": 115, "getitimer": 36, "getpeername": 52, "getpgrp": 111, "getpid": 39, "getppid": 110,
    "getpriority": 140, "getrandom": 318, "getresgid": 120, "getresuid": 118, "getrlimit": 97,
    "getrusage": 98, "getsockname": 51, "getsockopt": 55, "gettid": 186, "gettimeofday": 96, "getuid": 102,
    "getxattr": 191, "ioctl": 16, "kill": 62, "landlock_add_rule": 445, "landlock_create_ruleset": 444,
    "landlock_restrict_self": 446, "lgetxattr": 192, "listxattr": 194, "llistxattr": 195, "lseek": 8,
    "lsetxattr": 189, "lstat": 6, "madvise": 28, "membarrier": 324, "mkdir": 83, "mkdirat": 258, "mmap": 9,
    "mprotect": 10, "mremap": 25, "msync": 26, "munmap": 11, "nanosleep": 35, "newfstatat": 262, "open": 2,
    "openat": 257, "pause": 34, "pipe": 22, "pipe2": 293, "poll": 7, "ppoll": 271, "prctl": 157,
    "pread64": 17, "preadv": 295, "prlimit64": 302, "pselect6": 270, "pwrite64": 18, "pwritev": 296,
    "read": 0, "readlink": 89, "readlinkat": 267, "readv": 19, "recvfrom": 45, "rename": 82,
    "renameat": 264, "renameat2": 316, "restart_syscall": 219, "rmdir": 84, "rseq": 334,
    "rt_sigaction": 13, "rt_sigpending": 127, "rt_sigprocmask": 14, "rt_sigreturn": 15,
    "rt_sigsuspend": 130, "rt_sigtimedwait": 128, "sched_get_priority_max": 146,
    "sched_get_priority_min": 147, "sched_getaffinity": 204, "sched_getparam": 143,
    "sched_getscheduler": 145, "sched_setaffinity": 203, "sched_setscheduler": 144, "sched_yield": 24,
    "seccomp": 317, "select": 23, "sendfile": 40, "sendto": 44, "set_robust_list": 273, "setitimer": 38,
    "setpriority": 141, "setxattr": 188, "shutdown": 48, "sigaltstack": 131, "socketpair": 53, "stat": 4,
    "statfs": 137, "statx": 332, "sysinfo": 99, "tgkill": 234, "time": 201, "times": 100, "umask": 95,
    "uname": 63, "unlink": 87, "unlinkat": 263, "utime": 132, "utimensat": 280, "utimes": 235, "wait4": 61,
    "waitid": 247, "write": 1, "writev": 20,
}

AARCH64 = {
    "accept": 202, "accept4": 242, "brk": 214, "chdir": 49, "clock_getres": 114, "clock_gettime": 113,
    "clock_nanosleep": 115, "clone": 220, "close": 57, "close_range": 436, "copy_file_range": 285,
    "dup": 23, "dup3": 24, "epoll_create1": 20, "epoll_ctl": 21, "epoll_pwait": 22, "eventfd2": 19,
    "exit": 93, "exit_group": 94, "faccessat": 48, "faccessat2": 439, "fadvise64": 223, "fallocate": 47,
    "fchdir": 50, "fchmod": 52, "fchmodat": 53, "fcntl": 25, "fdatasync": 83, "fgetxattr": 10,
    "flistxattr": 13, "flock": 32, "fsetxattr": 7, "fstat": 80, "fstatfs": 44, "fsync": 82,
    "ftruncate": 46, "futex": 98, "getcpu": 168, "getcwd": 17, "getdents64": 61, "getegid": 177,
    "geteuid": 175, "getgid": 176, "getgroups": 158, "getitimer": 102, "getpeername": 205, "getpid": 172,
    "getppid": 173, "getpriority": 141, "getrandom": 278, "getresgid": 150, "getresuid": 148,
    "getrlimit": 163, "getrusage": 165, "getsockname": 204, "getsockopt": 209, "gettid": 178,
    "gettimeofday": 169, "getuid": 174, "getxattr": 8, "ioctl": 29, "kill": 129, "landlock_add_rule": 445,
    "landlock_create_ruleset": 444, "landlock_restrict_self": 446, "lgetxattr": 9, "listxattr": 11,
    "llistxattr": 12, "lseek": 62, "lsetxattr": 6, "madvise": 233, "membarrier": 283, "mkdirat": 34,
    "mmap": 222, "mprotect": 226, "mremap": 216, "msync": 227, "munmap": 215, "nanosleep": 101,
    "newfstatat": 79, "openat": 56, "pipe2": 59, "ppoll": 73, "prctl": 167, "pread64": 67, "preadv": 69,
    "prlimit64": 261, "pselect6": 72, "pwrite64": 68, "pwritev": 70, "read": 63, "readlinkat": 78,
    "readv": 65, "recvfrom": 207, "renameat": 38, "renameat2": 276, "restart_syscall": 128, "rseq": 293,
    "rt_sigaction": 134, "rt_sigpending": 136, "rt_sigprocmask": 135, "rt_sigreturn": 139,
    "rt_sigsuspend": 133, "rt_sigtimedwait": 137, "sched_get_priority_max": 125,
    "sched_get_priority_min": 126, "sched_getaffinity": 123, "sched_getparam": 121,
    "sched_getscheduler": 120, "sched_setaffinity": 122, "sched_setscheduler": 119, "sched_yield": 124,
    "seccomp": 277, "sendfile": 71, "sendto": 206, "set_robust_list": 99, "setitimer": 103,
    "setpriority": 140, "setxattr": 5, "shutdown": 210, "sigaltstack": 132, "socketpair": 199,
    "statfs": 43, "statx": 291, "sysinfo": 179, "tgkill": 131, "times": 153, "umask": 166, "uname": 160,
    "unlinkat": 35, "utimensat": 88, "wait4": 260, "waitid": 95, "write": 64, "writev": 66,
}
# fmt: on

NUMBERS = {"x86_64": X86_64, "aarch64": AARCH64}
