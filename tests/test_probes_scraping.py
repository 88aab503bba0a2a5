"""What a scrape noted of a target is kept for the next one, as long as the target is."""

import time
from dataclasses import replace
from datetime import timedelta

from platforms.base import Adapter, PlatformError
from probes.model import Reading, Target
from probes.scraping import Scraper, certificate_ends, metric
from tests.conftest import NOON
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
        by_module = replace(live, module={"timeout": 3.0}, module_id="m")
        scraper.scrape(by_module, timeout=3)
        assert success()  # what another module noted is apart
        scraper.keep_only({"t"})
        assert success()
        scraper.keep_only({"another"})
        assert not success()
        assert watched()


def test_what_fills_a_server_is_a_ratio() -> None:
    assert metric(Reading("load", 0.5, "ratio")) == "probe_load_ratio"


def test_a_certificate_expires_at_the_same_minute_whenever_somebody_looks() -> None:
    ends = NOON + timedelta(days=40)
    told = set()
    for seconds in range(0, 3600, 15):
        now = NOON + timedelta(seconds=seconds + 0.4)
        days = round((ends - now) / timedelta(days=1), 5)
        told.add(certificate_ends(Reading("certificate", days, "d"), now))
    assert told == {ends.timestamp()}
