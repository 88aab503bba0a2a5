"""How many sockets the process may have open at once: on Unix each is an open file."""

import sys

OTHERS = 224  # files that are no fetches: databases, pipes, what is imported
USUAL = 1_024  # what Unix allows a process unless it asks for more, and what Windows gets

if sys.platform == "win32":

    def allow(wanted: int) -> None:
        """Windows counts no files."""

    def allowed() -> int:
        return USUAL

else:
    import resource

    def allow(wanted: int) -> None:
        """Have so many files allowed, or as many as may be."""
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        most = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        if soft != resource.RLIM_INFINITY and soft < most:
            resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))

    def allowed() -> int:
        soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
        return sys.maxsize if soft == resource.RLIM_INFINITY else soft
