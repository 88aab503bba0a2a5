"""`python -m platforms.campus`: the stand-in school as a process of its own."""

import sys

from platforms.campus import main

sys.exit(main.run(sys.argv[1:]))
