"""Calls of moderation: comments as evidence, cases, decisions, actions and their receipts."""

from datetime import timedelta

from moderation import (
    actions,
    alarm_rows,
    appeals,
    bulk,
    cases,
    comments,
    complaints,
    context,
    deciding,
    ending,
    evidence,
    figures,
    flagging,
    guards,
    heard_first,
    hearing,
    hiding,
    history,
    hooked,
    house,
    impartial,
    intake,
    intents,
    judging,
    keeping,
    ladder,
    later_rooms,
    likeness,
    listing,
    measures,
    metrics,
    need,
    owning,
    penalties,
    planning,
    previewing,
    receipts,
    records,
    refusals,
    repeats,
    returning,
    reversal,
    review,
    rules,
    safeguarding,
    seconding,
    staff,
    trial,
    trial_record,
    uncounted,
    unmaking,
    welfare,
    wordings,
)
from moderation.filters import Rules
from moderation.model import Case, Decision, Flag, Measure, Subject
from moderation.receipts import Look, Outcome
from store import access
from store.access import Actor
from store.db import Connection, text
from store.words import Words
from tests.calls import Calls
from tests.cast import LATER, Cast, post
from tests.conftest import NOON
from tests.moderation_platform import Adapter, _comment

ADAPTER = Adapter("http://127.0.0.1:9")  # nothing of it is asked for a comment that is not kept
RULES = '[[list]]\nname = "ours"\nterms = ["frog"]\non = false'


def _case(tx: Connection, on: Cast) -> Case:
    case = review.case(tx, access.system(on.school), on.case)
    assert case is not None
    return case


def _measure(tx: Connection, on: Cast) -> Measure:
    return appeals.measure_of(tx, access.system(on.school), on.measure)


def _made(tx: Connection, who: Actor, on: Cast) -> Decision:
    """Just decided, by whoever asks."""
    return review.decide(tx, who, on.case, "approve", now=NOON)


def _no(tx: Connection, on: Cast) -> str:
    """An action that its platform refused."""
    tx.execute(
        text("UPDATE moderation_action SET state = 'refused' WHERE id = :id"), {"id": on.action.id}
    )
    return on.action.id


def _restored(tx: Connection, who: Actor, on: Cast) -> str:
    comments.note_removed(tx, access.system(on.school), on.comment.connection_id, "p1", True)
    return reversal.restore(tx, who, on.comment.id, now=NOON)


HEARD = _comment({"id": "p1", "html": "hello", "author": "u1", "at": NOON.timestamp()})
CALLS: Calls = {
    actions.perform: lambda db, who, on: actions.perform(
        db, who, on.action.id, on.adapters, clock=lambda: NOON
    ),
    appeals.write: lambda tx, who, on: appeals.write(tx, who, on.measure, "No", now=NOON),
    appeals.answer: lambda tx, who, on: appeals.answer(tx, who, on.appeal, "Why?", now=NOON),
    appeals.wording: lambda tx, who, on: appeals.wording(tx, who, on.measure),
    appeals.waiting: lambda tx, who, on: appeals.waiting(tx, who, on.school),
    appeals.count: lambda tx, who, on: appeals.count(tx, who, on.school),
    appeals.get: lambda tx, who, on: appeals.get(tx, who, on.appeal),
    appeals.known: lambda tx, who, on: appeals.known(tx, who, on.appeal),
    appeals.of_measures: lambda tx, who, on: appeals.of_measures(tx, who, on.school, [on.measure]),
    appeals.messages: lambda tx, who, on: appeals.messages(tx, who, on.appeal),
    appeals.measure_of: lambda tx, who, on: appeals.measure_of(tx, who, on.measure),
    hiding.hide: lambda tx, who, on: hiding.hide(
        tx, who, on.case, on.comment, [Flag("x", "y", 0, 1, hide=True)], now=NOON
    ),
    hiding.latest: lambda tx, who, on: hiding.latest(tx, who, on.comment),
    hiding.in_effect: lambda tx, who, on: hiding.in_effect(tx, who, on.comment),
    hiding.put_back: lambda tx, who, on: hiding.put_back(tx, who, on.action, on.case, now=NOON),
    hearing.decide: lambda tx, who, on: hearing.decide(
        tx, who, on.appeal, "uphold", said="It stays.", now=NOON
    ),
    hearing.barred: lambda tx, who, on: hearing.barred(tx, who, on.appeal),
    hearing.holding: lambda tx, who, on: hearing.holding(tx, who, _measure(tx, on), now=NOON),
    impartial.of_comment: lambda tx, who, on: impartial.of_comment(tx, who, on.comment),
    impartial.of_measure: lambda tx, who, on: impartial.of_measure(tx, who, _measure(tx, on)),
    impartial.of_appeal: lambda tx, who, on: impartial.of_appeal(tx, who, _measure(tx, on)),
    impartial.of_action: lambda tx, who, on: impartial.of_action(tx, who, on.action),
    impartial.of_place: lambda tx, who, on: impartial.of_place(
        tx, who, "account", on.school, "lms", "u1"
    ),
    staff.of_place: lambda tx, who, on: staff.of_place(tx, who, on.school, "lms", "u1"),
    owning.claim: lambda tx, who, on: owning.claim(
        tx, who, on.school, on.roster.connection, "u1", now=NOON
    ),
    owning.confirm: lambda tx, who, on: owning.confirm(
        tx, who, on.school, on.roster.connection, "u1", on.colleague, now=NOON
    ),
    owning.disclaim: lambda tx, who, on: owning.disclaim(
        tx, who, on.school, on.roster.connection, "u1", on.colleague, now=NOON
    ),
    owning.of_places: lambda tx, who, on: owning.of_places(
        tx, who, on.school, [(on.roster.connection, "u1")]
    ),
    staff.of_measure: lambda tx, who, on: staff.of_measure(tx, who, on.school, on.measure),
    staff.others: lambda tx, who, on: staff.others(tx, who, on.school, frozenset()),
    figures.of: lambda tx, who, on: figures.of(tx, who, on.school, since=NOON, until=LATER),
    house.of: lambda tx, who, on: house.of(tx, who, on.school),
    house.save: lambda tx, who, on: house.save(tx, who, on.school, house.STARTER, now=NOON),
    listing.cases: lambda tx, who, on: list(listing.cases(tx, who, on.school)),
    listing.decisions: lambda tx, who, on: list(listing.decisions(tx, who, on.school)),
    listing.measures: lambda tx, who, on: list(listing.measures(tx, who, on.school)),
    ladder.suggest: lambda tx, who, on: ladder.suggest(
        tx, who, on.school, Subject(on.roster.person), now=NOON
    ),
    ladder.next_step: lambda tx, who, on: ladder.next_step(
        tx, who, on.school, Subject(), [], now=NOON
    ),
    hearing.taken: lambda tx, who, on: hearing.taken(tx, who, on.appeal),
    bulk.alike: lambda tx, who, on: bulk.alike(tx, who, _case(tx, on), now=NOON),
    unmaking.undo: lambda tx, who, on: unmaking.undo(tx, who, _made(tx, who, on), now=LATER),
    review.alike: lambda tx, who, on: review.alike(tx, who, _case(tx, on), now=NOON),
    review.count_alike: lambda tx, who, on: review.count_alike(tx, who, _case(tx, on)),
    likeness.fill: lambda tx, who, on: likeness.fill(tx, who, on.school),
    returning.note: lambda tx, who, on: returning.note(tx, who, on.comment, now=NOON),
    ending.leave_to_the_later: lambda tx, who, on: ending.leave_to_the_later(
        tx, who, on.action, now=NOON
    ),
    bulk.decide: lambda tx, who, on: bulk.decide(
        tx, who, on.school, [(on.case, 1)], "remove", now=NOON
    ),
    judging.judge: lambda tx, who, on: judging.judge(
        tx, who, Rules.from_toml(RULES), on.comment, now=NOON
    ),
    flagging.heard: lambda tx, who, on: flagging.heard(
        tx, who, Rules.from_toml(RULES), on.comment.id, HEARD, {}, now=NOON
    ),
    previewing.of: lambda tx, who, on: previewing.of(tx, who, on.school, [_case(tx, on)], "remove"),
    repeats.mute: lambda tx, who, on: repeats.mute(tx, who, on.case, on.comment, now=NOON),
    repeats.ask_again: lambda tx, who, on: repeats.ask_again(tx, who, on.comment),
    safeguarding.leads: lambda tx, who, on: safeguarding.leads(tx, who, on.school),
    safeguarding.set_leads: lambda tx, who, on: safeguarding.set_leads(
        tx, who, on.school, [on.colleague], now=NOON
    ),
    safeguarding.is_lead: lambda tx, who, on: safeguarding.is_lead(tx, who, on.school),
    safeguarding.require: lambda tx, who, on: safeguarding.require(tx, who, on.school),
    welfare.raised: lambda tx, who, on: welfare.raised(
        tx, who, on.comment, [Flag("x", "y", 0, 1, welfare="abuse")], now=NOON
    ),
    alarm_rows.put: lambda tx, who, on: alarm_rows.put(
        tx, who, alarm_rows.of_comment(on.comment), "threat", [], now=NOON
    ),
    alarm_rows.put_again: lambda tx, who, on: alarm_rows.put_again(
        tx, who, on.comment, "abuse", now=NOON
    ),
    need.in_appeal: lambda db, who, on: need.in_appeal(
        db, who, on.measure, "I want to die", now=NOON
    ),
    need.in_report: lambda db, who, on: need.in_report(
        db, who, on.school, ["I want to die"], comment_id=on.comment.id, now=NOON
    ),
    need.in_trouble: lambda db, who, on: need.in_trouble(
        db, who, on.school, "I want to die", who="", now=NOON
    ),
    need.of_appeal: lambda tx, who, on: need.of_appeal(tx, who, on.school, on.measure),
    welfare.by_hand: lambda tx, who, on: welfare.by_hand(tx, who, on.case, "abuse", now=NOON),
    welfare.open_: lambda tx, who, on: welfare.open_(tx, who, on.school),
    welfare.lately: lambda tx, who, on: welfare.lately(tx, who, on.school),
    welfare.unanswered: lambda tx, who, on: welfare.unanswered(tx, who, on.school),
    welfare.of_comment: lambda tx, who, on: welfare.of_comment(tx, who, on.comment),
    welfare.before_removal: lambda tx, who, on: welfare.before_removal(tx, who, on.comment),
    welfare.before_penalty: lambda tx, who, on: welfare.before_penalty(
        tx, who, on.school, [(on.roster.connection, "u1")], on.case
    ),
    welfare.acknowledge: lambda tx, who, on: welfare.acknowledge(
        tx, who, on.alarm, "called them", now=NOON
    ),
    welfare.to_queue: lambda tx, who, on: welfare.to_queue(tx, who, on.alarm, now=NOON),
    cases.flagged: lambda tx, who, on: cases.flagged(tx, who, on.comment.id, [], now=NOON),
    cases.report_comment: lambda tx, who, on: cases.report_comment(
        tx, who, on.school, on.comment.id, reporter="lena", reason="rude", now=NOON
    ),
    comments.get: lambda tx, who, on: comments.get(tx, who, on.comment.id),
    comments.known: lambda tx, who, on: comments.known(tx, who, on.roster.connection, ["p1"]),
    comments.by_ids: lambda tx, who, on: comments.by_ids(tx, who, [on.comment.id]),
    comments.thread: lambda tx, who, on: comments.thread(tx, who, on.comment),
    wordings.merge: lambda tx, who, on: wordings.merge(
        tx, who, on.school, on.roster.connection, post("p2"), now=NOON
    ),
    wordings.known: lambda tx, who, on: wordings.known(tx, who, on.comment, post("p2")),
    wordings.note_version: lambda tx, who, on: wordings.note_version(
        tx, who, on.comment, post("p2"), now=NOON
    ),
    cases.into_queue: lambda tx, who, on: cases.into_queue(tx, who, on.comment.id, [], now=NOON),
    comments.as_worded: lambda tx, who, on: comments.as_worded(tx, who, on.comment, "none"),
    comments.note_removed: lambda tx, who, on: comments.note_removed(
        tx, who, on.roster.connection, "p1", True
    ),
    complaints.complain: lambda tx, who, on: complaints.complain(
        tx,
        who,
        on.school,
        link="",
        words=on.comment.text,
        reason="rude",
        reporter="lena",
        now=NOON,
    ),
    complaints.came_of: lambda tx, who, on: complaints.came_of(
        tx, who, on.school, on.comment.id, "lena"
    ),
    complaints.reasons: lambda tx, who, on: complaints.reasons(tx, who, on.comment.id),
    context.thread: lambda tx, who, on: context.thread(tx, who, on.case),
    context.author: lambda tx, who, on: context.author(tx, who, on.case),
    context.similar: lambda tx, who, on: context.similar(tx, who, on.case),
    deciding.decide: lambda tx, who, on: deciding.decide(tx, who, on.case, "remove", now=NOON),
    guards.not_ours: lambda tx, who, on: guards.not_ours(
        tx, who, on.school, on.roster.connection, "u1"
    ),
    evidence.note_erased: lambda tx, who, on: evidence.note_erased(
        tx, who, on.school, ["nobody"], now=NOON
    ),
    guards.not_an_administrators: lambda tx, who, on: guards.not_an_administrators(
        tx, who, on.school, on.roster.connection, "p1"
    ),
    guards.kept: lambda tx, who, on: guards.kept(tx, who, on.school, on.roster.connection, "p1"),
    history.comments_of: lambda tx, who, on: history.comments_of(
        tx, who, on.school, on.roster.person
    ),
    history.decisions_of: lambda tx, who, on: history.decisions_of(
        tx, who, on.school, on.roster.person
    ),
    history.wrote: lambda tx, who, on: history.wrote(tx, who, on.comment),
    history.last_decision: lambda tx, who, on: history.last_decision(tx, who, on.school),
    hooked.take: lambda db, who, on: hooked.take(
        db, who, on.roster.connection, on.adapters, {}, b"{}", now=NOON
    ),
    intake.take: lambda db, who, on: intake.take(
        db, who, on.roster.connection, ADAPTER, [post("p2")], Rules((), ()), also=bool, now=NOON
    ),
    later_rooms.follow: lambda db, who, on: later_rooms.follow(
        db, who, on.action.connection_id, on.adapters, now=NOON
    ),
    intake.pull: lambda db, who, on: intake.pull(
        db, who, on.roster.connection, on.adapters, now=NOON
    ),
    intents.request: lambda tx, who, on: intents.request(
        tx,
        who,
        "remove comment",
        school_id=on.school,
        connection_id=on.roster.connection,
        external_id="p1",
        now=NOON,
    ),
    intents.undo: lambda tx, who, on: intents.undo(tx, who, on.action.id, now=NOON),
    keeping.forget: lambda tx, who, on: keeping.forget(
        tx, who, on.school, before=NOON - timedelta(days=365), now=NOON
    ),
    keeping.erase: lambda tx, who, on: keeping.erase(
        tx, who, on.school, [(on.roster.connection, "nobody")], now=NOON
    ),
    keeping.erase_trouble: lambda tx, who, on: keeping.erase_trouble(
        tx, who, on.school, "nobody@school.example"
    ),
    records.of: lambda tx, who, on: records.of(tx, who, on.school, person_id=on.roster.person),
    records.get: lambda tx, who, on: records.get(tx, who, on.action.id),
    ending.end: lambda tx, who, on: ending.end(
        tx, who, on.action, why=Words(ending.LIFTED), now=NOON
    ),
    ending.put_back: lambda tx, who, on: ending.put_back(tx, who, on.action, now=NOON),
    reversal.in_effect: lambda tx, who, on: reversal.in_effect(tx, who, on.comment),
    reversal.under_way: lambda tx, who, on: reversal.under_way(tx, who, on.comment),
    reversal.restorable: lambda tx, who, on: reversal.restorable(
        tx, who, on.school, [on.comment.id]
    ),
    reversal.restore: _restored,
    reversal.take_back: lambda tx, who, on: reversal.take_back(tx, who, on.action.id, now=NOON),
    uncounted.comment_taken: lambda tx, who, on: uncounted.comment_taken(
        tx, who, on.comment, "removal", case_id=on.case, now=NOON
    ),
    uncounted.note: lambda tx, who, on: uncounted.note(
        tx, who, on.school, Subject(on.roster.person), now=NOON
    ),
    ending.let_go: lambda tx, who, on: ending.let_go(
        tx, who, on.school, on.action.connection_id, now=NOON
    ),
    measures.impose: lambda tx, who, on: measures.impose(
        tx, who, on.school, Subject(on.roster.person), "block", now=NOON
    ),
    measures.lift: lambda tx, who, on: measures.lift(tx, who, on.measure, now=NOON),
    measures.settled: lambda tx, who, on: measures.settled(
        tx, who, appeals.measure_of(tx, access.system(on.school), on.measure)
    ),
    measures.shorten: lambda tx, who, on: measures.shorten(
        tx, who, on.measure, until=LATER, now=NOON
    ),
    penalties.accounts_of: lambda tx, who, on: penalties.accounts_of(
        tx, who, on.school, Subject(on.roster.person)
    ),
    penalties.get: lambda tx, who, on: penalties.get(tx, who, on.measure),
    penalties.history: lambda tx, who, on: penalties.history(
        tx, who, on.school, Subject(on.roster.person)
    ),
    penalties.in_force: lambda tx, who, on: penalties.in_force(
        tx, who, on.school, Subject(on.roster.person), now=NOON
    ),
    penalties.subject_of: lambda tx, who, on: penalties.subject_of(
        tx, who, on.school, on.roster.connection, "u1"
    ),
    planning.plan: lambda tx, who, on: planning.plan(
        tx, who, on.school, Subject(on.roster.person), "block"
    ),
    records.unsettled: lambda tx, who, on: records.unsettled(tx, who, on.school),
    records.unsettled_count: lambda tx, who, on: records.unsettled_count(tx, who, on.school),
    records.actions_of: lambda tx, who, on: records.actions_of(tx, who, on.school, on.measure),
    heard_first.hear: lambda db, who, on: heard_first.hear(
        db, who, on.action, post("p2"), now=NOON
    ),
    heard_first.require: lambda tx, who, on: heard_first.require(tx, who, on.action),
    refusals.ask_again: lambda tx, who, on: refusals.ask_again(tx, who, _no(tx, on), now=NOON),
    refusals.take_note: lambda tx, who, on: refusals.take_note(tx, who, _no(tx, on), now=NOON),
    seconding.held: lambda tx, who, on: seconding.held(tx, who, on.school),
    seconding.allow: lambda tx, who, on: seconding.allow(tx, who, on.held, now=NOON),
    seconding.barred: lambda tx, who, on: seconding.barred(tx, who, on.action),
    seconding.decline: lambda tx, who, on: seconding.decline(tx, who, on.held, now=NOON),
    metrics.cases: lambda tx, who, on: metrics.cases(tx, who, on.school),
    metrics.actions: lambda tx, who, on: metrics.actions(tx, who, on.school),
    receipts.begin: lambda tx, who, on: receipts.begin(
        tx, who, on.action, Look("active"), now=NOON
    ),
    receipts.keep_waiting: lambda tx, who, on: receipts.keep_waiting(
        tx, who, on.action, Words("Others are at it.")
    ),
    receipts.write: lambda tx, who, on: receipts.write(
        tx, who, on.action, Outcome("verified", "suspended", None, seen_at=NOON), now=NOON
    ),
    review.waiting: lambda tx, who, on: review.waiting(tx, who, on.school, now=NOON),
    review.count: lambda tx, who, on: review.count(tx, who, on.school),
    review.case: lambda tx, who, on: review.case(tx, who, on.case, now=NOON),
    review.claim: lambda tx, who, on: review.claim(tx, who, on.case, now=NOON),
    review.release: lambda tx, who, on: review.release(tx, who, on.case),
    review.next_case: lambda tx, who, on: review.next_case(tx, who, on.school, now=NOON),
    rules.ignored: lambda tx, who, on: rules.ignored(tx, who, on.school),
    rules.of: lambda tx, who, on: rules.of(tx, who, on.school),
    rules.text_of: lambda tx, who, on: rules.text_of(tx, who, on.school),
    rules.save: lambda tx, who, on: rules.save(tx, who, on.school, RULES, now=NOON),
    trial.keep: lambda tx, who, on: trial.keep(
        tx,
        who,
        on.school,
        trial.over(tx, access.system(on.school), on.school, Rules.from_toml(RULES), now=NOON),
        now=NOON,
    ),
    trial_record.known: lambda tx, who, on: trial_record.known(tx, who, on.school),
    trial_record.untried: lambda tx, who, on: trial_record.untried(
        tx, who, on.school, Rules((), ()), Rules((), ())
    ),
    trial_record.require: lambda tx, who, on: trial_record.require(
        tx, who, on.school, Rules((), ()), Rules((), ())
    ),
    trial.over: lambda tx, who, on: trial.over(
        tx, who, on.school, rules.of(tx, who, on.school), now=NOON
    ),
}
