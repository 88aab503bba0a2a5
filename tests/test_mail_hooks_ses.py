"""What Amazon SES tells through SNS: signed by Amazon's certificate, of the named topic alone."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
import requests

from mailing import hooks, sns
from mailing.model import MailingError
from store.access import Actor
from store.db import text
from tests import amazon
from tests.amazon import FILE, HOST, Authority, Sns
from tests.conftest import NOON
from tests.test_mail_hooks import EMAIL, TOPIC, Sent, console, sent  # noqa: F401 -- fixtures

GONE = {"status": "5.1.1", "action": "failed", "diagnosticCode": "smtp; 550 5.1.1 no such user"}


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture
def at_amazon(
    sent: Sent,  # noqa: F811
    authority: Authority,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Sns]:
    with amazon.sns(authority, monkeypatch) as made:
        sent.console.amazon = sns.Amazon(trust=made.trust)
        yield made


def mail(on: Sent) -> dict[str, Any]:
    return {"messageId": "0100-ses-s-own", "source": on.return_path, "destination": [EMAIL]}


def bounce(on: Sent, kind: str, subtype: str, **one: str) -> dict[str, Any]:
    recipients = [{"emailAddress": EMAIL, **one}]
    return {
        "notificationType": "Bounce",
        "bounce": {"bounceType": kind, "bounceSubType": subtype, "bouncedRecipients": recipients},
        "mail": mail(on),
    }


def complaint(on: Sent, **more: str) -> dict[str, Any]:
    told = {"complainedRecipients": [{"emailAddress": EMAIL}], **more}
    return {"notificationType": "Complaint", "complaint": told, "mail": mail(on)}


def tell(on: Sent, at: Sns, told: object, **more: Any) -> requests.Response:
    message = at.signed("Notification", json.dumps(told), **({"topic": TOPIC} | more))
    return on.post("ses", amazon.body(message))


@pytest.mark.parametrize("version", ["1", "2"])
def test_a_dead_address_gets_no_more_mail(sent: Sent, at_amazon: Sns, version: str) -> None:  # noqa: F811
    told = bounce(sent, "Permanent", "General", **GONE)
    answer = tell(sent, at_amazon, told, version=version, Subject="Amazon SES\u00a0says")
    assert (answer.status_code, answer.text) == (200, "ok\n")
    assert (sent.suppressed, sent.state) == ({EMAIL: "hard bounce"}, "failed")
    assert (at_amazon.asked, set(at_amazon.tunnels)) == ([FILE], {f"{HOST}:443"})


@pytest.mark.parametrize(
    ("kind", "subtype", "one", "state", "suppressed"),
    [
        ("Permanent", "NoEmail", {}, "failed", {EMAIL: "hard bounce"}),
        ("Permanent", "General", {"status": "5.7.1"}, "failed", {}),
        ("Permanent", "OnAccountSuppressionList", {"status": "5.1.1"}, "failed", {}),
        ("Transient", "MailboxFull", {}, "failed", {}),
        ("Transient", "General", {"status": "4.4.7"}, "failed", {}),
        ("Transient", "General", GONE, "failed", {}),  # it may be there tomorrow
        ("Transient", "General", {}, "sent", {}),  # a note of absence looks like this
        ("Undetermined", "Undetermined", {}, "sent", {}),
    ],
)
def test_what_is_hard_is_our_own_table_and_never_what_is_transient(
    sent: Sent,  # noqa: F811
    at_amazon: Sns,
    kind: str,
    subtype: str,
    one: dict[str, str],
    state: str,
    suppressed: dict[str, str],
) -> None:
    assert tell(sent, at_amazon, bounce(sent, kind, subtype, **one)).status_code == 200
    assert (sent.state, sent.suppressed) == (state, suppressed)


@pytest.mark.parametrize(
    ("more", "suppressed"),
    [
        ({}, {EMAIL: "complaint"}),
        ({"complaintFeedbackType": "abuse"}, {EMAIL: "complaint"}),
        ({"complaintFeedbackType": "not-spam"}, {}),
    ],
)
def test_a_complaint_is_heard_as_one(
    sent: Sent,  # noqa: F811
    at_amazon: Sns,
    more: dict[str, str],
    suppressed: dict[str, str],
) -> None:
    assert tell(sent, at_amazon, complaint(sent, **more)).status_code == 200
    assert (sent.state, sent.suppressed) == ("sent", suppressed)


def test_event_publishing_and_the_original_headers_name_the_mail_too(
    sent: Sent,  # noqa: F811
    at_amazon: Sns,
) -> None:
    told = bounce(sent, "Permanent", "General", **GONE)
    told["eventType"] = told.pop("notificationType")
    headers = [{"name": "Message-Id", "value": f"<{sent.message_id}>"}]
    told["mail"] = {"source": "news@school.example", "headers": headers}
    assert tell(sent, at_amazon, told).status_code == 200
    assert sent.suppressed == {EMAIL: "hard bounce"}


def test_a_subscription_is_confirmed_at_the_topic_s_own_host(
    sent: Sent,  # noqa: F811
    at_amazon: Sns,
) -> None:
    """Not where the message says: only the token is taken from it."""
    message = at_amazon.signed(
        "SubscriptionConfirmation", "You have chosen to subscribe", topic=TOPIC,
        Token="2336&x=1", SubscribeURL="https://evil.example/?Action=ConfirmSubscription",
    )  # fmt: skip
    assert sent.post("ses", amazon.body(message)).status_code == 200
    confirmed = at_amazon.asked[-1]
    assert confirmed.startswith("/?Action=ConfirmSubscription&TopicArn=arn%3Aaws%3Asns")
    assert confirmed.endswith("&Token=2336%26x%3D1")
    assert set(at_amazon.tunnels) == {f"{HOST}:443"}


def test_another_s_topic_is_not_subscribed_to(sent: Sent, at_amazon: Sns) -> None:  # noqa: F811
    message = at_amazon.signed(
        "SubscriptionConfirmation", "", topic=TOPIC + "-of-a-stranger", Token="1", SubscribeURL="",
    )  # fmt: skip
    assert sent.post("ses", amazon.body(message)).status_code == 403
    assert at_amazon.asked == []


def test_whatever_amazon_did_not_sign_for_this_topic_now_is_not_believed(
    sent: Sent,  # noqa: F811
    at_amazon: Sns,
    authority: Authority,
) -> None:
    told = bounce(sent, "Permanent", "General", **GONE)
    stranger, _certificate = authority.leaf("sns.amazonaws.com")
    for more in (
        {"topic": TOPIC + "2"}, {"key": stranger}, {"age": 3 * 3600}, {"age": -400},
        {"version": "3"}, {"Timestamp": "yesterday"},
    ):  # fmt: skip
        assert tell(sent, at_amazon, told, **more).status_code == 403, more
    message = at_amazon.signed("Notification", json.dumps(told), topic=TOPIC)
    for changed in (
        {"Message": message["Message"] + " "}, {"Subject": "one more"}, {"Signature": ""},
        {"Signature": "%"}, {"Type": "Made-up"}, {"MessageId": "another"},
    ):  # fmt: skip
        assert sent.post("ses", amazon.body(message | changed)).status_code == 403, changed
    assert sent.untouched


@pytest.mark.parametrize(
    "address",
    [
        f"http://{HOST}{FILE}",
        f"https://{HOST}.evil.example{FILE}",
        f"https://{HOST}@evil.example{FILE}",
        f"https://{HOST}:8443{FILE}",
        f"https://evil.example/?{HOST}{FILE}",
        f"https://sns.us-east-1.amazonaws.com{FILE}",
        f"https://{HOST}/../other{FILE}",
        f"https://{HOST}{FILE}?x",
        "",
    ],
)
def test_no_certificate_is_fetched_from_anywhere_else(
    sent: Sent,  # noqa: F811
    at_amazon: Sns,
    address: str,
) -> None:
    told = bounce(sent, "Permanent", "General", **GONE)
    assert tell(sent, at_amazon, told, SigningCertURL=address).status_code == 403
    assert (at_amazon.tunnels, sent.untouched) == ([], True)


def test_a_host_that_only_says_that_it_is_amazon_s_is_not_believed(
    sent: Sent,  # noqa: F811
    at_amazon: Sns,
) -> None:
    """The same host, whose certificate nobody public vouches for."""
    sent.console.amazon = sns.Amazon()
    told = bounce(sent, "Permanent", "General", **GONE)
    assert tell(sent, at_amazon, told).status_code == 503
    assert (at_amazon.asked, sent.untouched) == ([], True)


def test_while_amazon_does_not_answer_it_is_told_again(sent: Sent, at_amazon: Sns) -> None:  # noqa: F811
    told = bounce(sent, "Permanent", "General", **GONE)
    at_amazon.status = 500
    assert tell(sent, at_amazon, told).status_code == 503
    at_amazon.status, whole = 200, at_amazon.certificate
    at_amazon.certificate = b"x" * (sns.LARGEST + 1)
    assert tell(sent, at_amazon, told).status_code == 503
    at_amazon.status, at_amazon.certificate = 404, whole
    assert tell(sent, at_amazon, told).status_code == 403
    assert sent.untouched
    at_amazon.status = 200
    assert tell(sent, at_amazon, told).status_code == 200
    assert sent.suppressed == {EMAIL: "hard bounce"}


def test_a_certificate_that_is_over_or_none_signs_nothing(
    sent: Sent,  # noqa: F811
    at_amazon: Sns,
    authority: Authority,
) -> None:
    told = bounce(sent, "Permanent", "General", **GONE)
    at_amazon.certificate = b"-----BEGIN CERTIFICATE-----\nxx\n-----END CERTIFICATE-----\n"
    assert tell(sent, at_amazon, told).status_code == 403
    at_amazon.key, at_amazon.certificate = authority.leaf("sns.amazonaws.com", days=-1)
    assert tell(sent, at_amazon, told).status_code == 403
    assert sent.untouched


def test_it_is_taken_once_and_its_certificate_fetched_once(
    sent: Sent,  # noqa: F811
    at_amazon: Sns,
) -> None:
    message = at_amazon.signed(
        "Notification", json.dumps(bounce(sent, "Permanent", "General", **GONE)), topic=TOPIC
    )
    assert sent.post("ses", amazon.body(message)).status_code == 200
    with sent.console.db.begin() as tx:
        tx.execute(text("DELETE FROM suppression"))
    assert sent.post("ses", amazon.body(message)).status_code == 200
    assert (sent.suppressed, at_amazon.asked) == ({}, [FILE])


@pytest.mark.parametrize(
    "told",
    [
        None, 7, [], {"notificationType": "Bounce"}, {"notificationType": ["Bounce"]},
        {"notificationType": "Bounce", "bounce": {"bouncedRecipients": [7, {}]}, "mail": 7},
        {"notificationType": "Complaint", "complaint": {"complainedRecipients": 7},
         "mail": {"headers": 7}},
        {"notificationType": "Delivery", "delivery": {}, "mail": {"headers": [7]}},
        {"notificationType": "AmazonSnsSubscriptionSucceeded"},
    ],
)  # fmt: skip
def test_events_of_any_shape_change_nothing(
    sent: Sent,  # noqa: F811
    at_amazon: Sns,
    told: object,
) -> None:
    assert tell(sent, at_amazon, told).status_code == 200
    assert sent.untouched


def test_what_is_signed_and_no_notification_of_ses_is_refused(sent: Sent, at_amazon: Sns) -> None:  # noqa: F811
    message = at_amazon.signed("Notification", "Hello, world", topic=TOPIC)
    assert sent.post("ses", amazon.body(message)).status_code == 400
    many = {"notificationType": "Complaint", "complaint": {"complainedRecipients": [{}] * 101}}
    assert tell(sent, at_amazon, many).status_code == 400
    assert sent.post("ses", b"not json").status_code == 400


def test_a_simulated_school_asks_nothing_of_amazon(sent: Sent, at_amazon: Sns) -> None:  # noqa: F811
    sent.console.amazon = sns.Amazon(trust=at_amazon.trust, loopback_only=True)
    told = bounce(sent, "Permanent", "General", **GONE)
    assert tell(sent, at_amazon, told).status_code == 503
    assert at_amazon.tunnels == []


@pytest.mark.parametrize(
    "arn", ["", "0123456789abcdef0123456789abcdef", TOPIC + "\n", "arn:aws:sqs" + TOPIC[11:]]
)
def test_only_a_topic_of_sns_is_named(sent: Sent, ada: Actor, arn: str) -> None:  # noqa: F811
    with sent.console.db.begin() as tx, pytest.raises(MailingError, match="no topic of SNS"):
        hooks.save(
            tx, ada, sent.school.id, sent.console.vault, provider="ses", secret=arn, now=NOON
        )


def test_china_has_hosts_of_its_own() -> None:
    named = sns.topic("arn:aws-cn:sns:cn-north-1:123456789012:bounces")
    assert named.host == "sns.cn-north-1.amazonaws.com.cn"
