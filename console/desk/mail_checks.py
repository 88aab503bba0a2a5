"""Whether mail can leave, school by school, and whether what comes back can be read."""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from console.desk import relays
from console.desk.findings import Finding
from mailing import lint, mailbox
from mailing.mailbox import Mailbox
from mailing.model import MailingError
from mailing.transports import TRANSPORTS
from store.db import Database
from store.schools import School
from store.vault import Vault
from store.words import N_, Words

RELAY_TIMEOUT = 10.0  # seconds that each answer of a relay may take


def ways_out(
    db: Database, served: Iterable[School], vault: Vault, relay: str, loopback_only: bool
) -> Iterator[Finding]:
    """Each school's way out, tried with a session that hands nothing over."""
    for school in served:
        name = f"mail of {school.name}"
        try:
            with db.read() as tx:
                found = relays.relay(
                    tx, vault, school.id, otherwise=relay, loopback_only=loopback_only
                )
            if found is None:
                continue
            TRANSPORTS[found.transport](replace(found, timeout=RELAY_TIMEOUT)).close()
        except MailingError as error:
            advice = Words(N_("Mail waits and is tried again. Correct the relay, then look again."))
            yield Finding(name, "failing", error.words, advice)
        else:
            yield Finding(name, "ok")


def links(*, reachable: bool) -> Iterator[Finding]:
    """Where mail can leave: whether its readers can open what it links to."""
    if not reachable:
        advice = Words(N_("Set public.url to the address at which participants reach Pult."))
        yield Finding("links in mail", "failing", Words(lint.NO_WAY_OUT), advice)


def returns(url: str, loopback_only: bool) -> Iterator[Finding]:
    """The mailbox for returned mail, opened and left as it is."""
    if not url:
        return
    try:
        with mailbox.opened(Mailbox.from_url(url, loopback_only=loopback_only)):
            yield Finding("returned mail", "ok")
    except MailingError as error:
        advice = Words(N_("Returned mail waits there. Correct mail.returns in the settings."))
        yield Finding("returned mail", "failing", error.words, advice)
