"""The TURN prober against a real coturn: it gets relays, gives them back, and sees a refusal."""

import base64
import time
from collections.abc import Iterator

import pytest

from probes import check
from probes.model import Module, Result, State, Target
from tests import real
from tests.patience import PATIENCE
from tests.running import free_port
from tests.sites import certificate

pytestmark = pytest.mark.servers

COMMON = [
    *("-n", "--no-dtls", "--no-cli", "--log-file=stdout", "--pidfile=/dev/null"),
    *("--listening-ip=127.0.0.1", "--relay-ip=127.0.0.1", "--realm=school.test"),
]
USERS = ("probe", "again", "tcp", "tls")  # one for each test that gets relays
ALLOWED = 3  # relays at once of one user; coturn counts one for a second after its release


@pytest.fixture(scope="module")
def ports(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, int]]:
    """coturn's ports: "turn" with passwords kept, its "turns", and "shared" with a secret."""
    real.need("turnserver")
    folder = tmp_path_factory.mktemp("coturn")
    both = certificate(folder / "both.pem", days=90)
    plain, secure, shared = free_port(), free_port(), free_port()
    kept = [
        *(f"--listening-port={plain}", f"--tls-listening-port={secure}"),
        *(f"--user={user}:Straße" for user in USERS),
        *("--lt-cred-mech", f"--user-quota={ALLOWED}"),
        *(f"--cert={both}", f"--pkey={both}", f"--userdb={folder / 'users'}"),
    ]
    secret = [
        *(f"--listening-port={shared}", "--no-tls", "--use-auth-secret"),
        *("--static-auth-secret=of-the-school", f"--userdb={folder / 'none'}"),
    ]
    with (
        real.serving(plain, "turnserver", *COMMON, *kept),
        real.serving(shared, "turnserver", *COMMON, *secret),
    ):
        yield {"turn": plain, "turns": secure, "shared": shared}


def probe(address: str, module: Module | None = None, **secrets: str) -> Result:
    return check(Target("", "", "x", "turn", address, module or {}, secrets=secrets), timeout=30)


def known(address: str, user: str = "probe", **more: float) -> Result:
    return probe(address, {"username": user, **more}, password="Straße")


def test_the_right_credentials_get_a_relay(ports: dict[str, int]) -> None:
    result = known(f"turn:127.0.0.1:{ports['turn']}")
    assert (result.state, result.why) == (State.OK, None)
    assert [each.name for each in result.readings] == ["challenge", "allocate", "release"]
    assert result.seconds is not None


def test_no_probe_leaves_a_relay_behind(ports: dict[str, int]) -> None:
    address = f"turn:127.0.0.1:{ports['turn']}"
    for _ in range(2 * ALLOWED):  # what is left behind stays for ten minutes
        until = time.monotonic() + PATIENCE
        while (result := known(address, "again")).state is not State.OK:
            assert str(result.why).startswith("This user has as many relays")
            assert time.monotonic() < until, "the relays are not given back"
            time.sleep(0.2)


def test_a_wrong_password_is_down_and_says_so(ports: dict[str, int]) -> None:
    address = f"turn:127.0.0.1:{ports['turn']}"
    for result in (
        probe(address, {"username": "probe"}, password="strasse"),
        probe(address, {"username": "stranger"}, password="Straße"),
        probe(address, {"username": "probe"}),
    ):
        assert result.state is State.DOWN
        assert str(result.why) == "It refuses the user name or the password."


def test_without_credentials_nothing_is_known(ports: dict[str, int]) -> None:
    result = probe(f"turn:127.0.0.1:{ports['turn']}")
    assert result.state is State.UNKNOWN
    assert "among the conditions" in str(result.why)


def test_a_stream_carries_it_too(ports: dict[str, int]) -> None:
    result = known(f"turn:127.0.0.1:{ports['turn']}?transport=tcp", "tcp")
    assert result.state is State.OK
    assert [each.name for each in result.readings][:2] == ["connect", "challenge"]


def test_a_secured_one_tells_its_certificate_s_days(ports: dict[str, int]) -> None:
    address = f"turns:127.0.0.1:{ports['turns']}"
    trusted = known(address, "tls", verify=False)
    assert trusted.state is State.OK
    days = {each.name: each.value for each in trusted.readings}["certificate"]
    assert days == pytest.approx(90, abs=0.1)
    assert known(address, "tls", verify=False, certificate_days=100).state is State.SUSPECT
    assert "certificate of 127.0.0.1 is not valid" in str(known(address, "tls").why)


def test_the_shared_secret_makes_passwords_of_its_own(ports: dict[str, int]) -> None:
    address = f"turn:127.0.0.1:{ports['shared']}"
    assert probe(address, shared_secret="of-the-school").state is State.OK
    other = base64.b64encode(b"another").decode()
    assert probe(address, shared_secret=other).state is State.DOWN


def test_a_server_that_is_gone_is_down() -> None:
    assert known(f"turn:127.0.0.1:{free_port()}").state is State.DOWN
