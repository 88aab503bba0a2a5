"""The days of a certificate are those of its whole chain: what signed it may end before it."""

import datetime as dt
import ssl
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from probes import check
from probes.model import Result, State, Target
from tests.sites import say, web

Signed = tuple[x509.Certificate, ec.EllipticCurvePrivateKey]


def signed(name: str, days: float, by: Signed | None = None, *, ca: bool = True) -> Signed:
    key = ec.generate_private_key(ec.SECP256R1())
    own = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = dt.datetime.now(dt.UTC)
    issuer = by[0].subject if by else own
    host = x509.SubjectAlternativeName([x509.DNSName("localhost")])
    made = (
        x509.CertificateBuilder(issuer, own, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=30))
        .not_valid_after(now + dt.timedelta(days=days))
        .add_extension(host, critical=False)
        .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
        .sign(by[1] if by else key, hashes.SHA256())
    )
    return made, key


def pem(*certificates: Signed) -> bytes:
    return b"".join(each[0].public_bytes(serialization.Encoding.PEM) for each in certificates)


def look(prober: str, path: Path, *shown: Signed, verify: bool = True) -> Result:
    """The server shows these, its own first, for which it has the key."""
    key = shown[0][1].private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    file = path / f"shown-{len(list(path.iterdir()))}.pem"
    file.write_bytes(pem(*shown) + key)
    with web(lambda handler: say(handler, b"here"), certificate=file) as url:
        address = url.replace("127.0.0.1", "localhost")
        if prober == "tls":
            address = address.replace("https", "tls")
        return check(Target("t", "s", "LMS", prober, address, {"verify": verify}), timeout=20)


@pytest.mark.parametrize("prober", ["http", "tls"])
def test_the_first_certificate_of_the_chain_to_end_counts(
    prober: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = signed("Root", 900)
    (tmp_path / "root.pem").write_bytes(pem(root))
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "root.pem"))
    assert ssl.get_default_verify_paths().cafile == str(tmp_path / "root.pem")
    for between, own, left in ((5, 300, 5), (300, 40, 40)):
        middle = signed("Middle", between, root)
        leaf = signed("localhost", own, middle, ca=False)
        result = look(prober, tmp_path, leaf, middle)
        (days,) = (each.value for each in result.readings if each.name == "certificate")
        assert days == pytest.approx(left, abs=0.1)
        assert result.state is (State.SUSPECT if left < 7 else State.OK)


def test_one_that_is_over_and_that_nobody_needs_does_not_count(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As servers went on sending an expired root for old telephones."""
    root = signed("Root", 900)
    (tmp_path / "root.pem").write_bytes(pem(root))
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "root.pem"))
    leaf = signed("localhost", 300, root, ca=False)
    for prober in ("http", "tls"):
        result = look(prober, tmp_path, leaf, signed("Old root", -3))
        (days,) = (each.value for each in result.readings if each.name == "certificate")
        assert (result.state, round(days)) == (State.OK, 300)


def test_one_s_own_that_is_over_is_told(tmp_path: Path) -> None:
    result = look("tls", tmp_path, signed("localhost", -1, ca=False), verify=False)
    assert str(result.why) == "The certificate has expired; renew it."
    result = look("http", tmp_path, signed("localhost", 1.5, ca=False), verify=False)
    assert str(result.why) == "The certificate expires in less than 2 days; renew it."
