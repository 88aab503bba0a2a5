"""The participants' listener over a real socket."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn

from console.public import application
from console.wiring import Console


@contextmanager
def listening(console: Console) -> Iterator[str]:
    """Serve on the port of the console's settings; yield the address."""
    port = console.settings.public.port
    config = uvicorn.Config(application(console), port=port, log_level="warning")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    yield console.settings.public_url
    server.should_exit = True
    thread.join()
