"""What a scrape noted of a target is kept for the next one, as long as the target is."""

import time
from datetime import timedelta

from platforms.base import Adapter, PlatformError
from probes.model import Target
from probes.scraping import Scraper
from tests.patience import PATIENCE
from tests.sites import web
from tests.test_probes_hls import Stream


def no_adapters(_connection_id: str) -> Adapter:
    raise PlatformError("There is none.", {}, permanent=True)


def test_a_target_that_is_gone_is_forgotten() -> None:
    stream = Stream()
    scraper = Scraper(no_adapters)
    with web(stream.answer) as url:
        live = Target("t", "s", "Live", "hls", f"{url}/live.m3u8", {}, timedelta(seconds=1))

        def success() -> bool:
            return b"probe_success 1.0" in scraper.scrape(live, timeout=3)

        def watched() -> bool:
            until = time.monotonic() + PATIENCE
            while not (found := success()) and time.monotonic() < until:
                time.sleep(0.2)
            return found

        assert not success()  # one look shows no movement
        assert watched()
        scraper.keep_only({"t"})
        assert success()
        scraper.keep_only({"another"})
        assert not success()
        assert watched()
