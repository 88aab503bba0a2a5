"""What the audit trail's codes mean, in the reader's words."""

from console.i18n import N_, _

ACTIONS = {
    "acknowledge alert": N_("acknowledged an alert"),
    "add account": N_("added an account"),
    "add channel": N_("chose who is told of incidents"),
    "add connection": N_("added a connection"),
    "add maintenance rule": N_("planned a weekly maintenance"),
    "add module": N_("added a module"),
    "add target": N_("added a target"),
    "answer appeal": N_("answered an appeal"),
    "approve release": N_("agreed to a campaign as the second person"),
    "ask to release": N_("asked a second person to agree to a campaign"),
    "approve case": N_("approved a comment"),
    "cancel campaign": N_("called a campaign back"),
    "change account": N_("changed an account"),
    "change connection": N_("changed a connection"),
    "change house rules": N_("changed the rules of the house"),
    "change module": N_("changed a module"),
    "change password": N_("changed a password"),
    "change relay": N_("changed the mail relay"),
    "change rules": N_("changed the watched words"),
    "change target": N_("changed a target"),
    "close incident": N_("closed an incident"),
    "decide appeal": N_("decided an appeal"),
    "draft campaign": N_("drafted a campaign"),
    "edit comment": N_("reworded a comment"),
    "end maintenance rule": N_("ended a weekly maintenance"),
    "end room": N_("ended a room"),
    "end window": N_("ended a silence or maintenance"),
    "erase texts": N_("erased what somebody wrote"),
    "found school": N_("founded the school"),
    "hand on case": N_("handed a comment on"),
    "impose block": N_("blocked somebody"),
    "impose mute": N_("muted somebody"),
    "impose suspension": N_("suspended somebody"),
    "impose warning": N_("warned somebody"),
    "impose word": N_("had a word with somebody"),
    "import people": N_("imported people"),
    "save group": N_("saved a group of recipients"),
    "delete group": N_("deleted a group of recipients"),
    "import timetable": N_("imported a timetable"),
    "lift account": N_("lifted a block"),
    "lift measure": N_("lifted a measure"),
    "lift suppression": N_("allowed mail to an address again"),
    "link account": N_("linked an account to a person"),
    "maintenance target": N_("planned a maintenance"),
    "move lesson": N_("reopened a lesson on another server"),
    "move lesson back": N_("moved a lesson back to its room"),
    "mute account": N_("muted an account"),
    "note incident": N_("noted something on an incident"),
    "notice room": N_("put a notice into a room"),
    "open incident": N_("opened an incident"),
    "open appeal": N_("appealed"),
    "pause campaign": N_("paused a campaign"),
    "release campaign": N_("released a campaign"),
    "refuse link": N_("refused a link between accounts"),
    "remove case": N_("decided to remove a comment"),
    "remove channel": N_("struck one off those told of incidents"),
    "remove comment": N_("removed a comment"),
    "remove connection": N_("removed a connection"),
    "remove module": N_("removed a module"),
    "remove target": N_("removed a target"),
    "report comment": N_("reported a comment"),
    "resend held": N_("had held mail sent again"),
    "restore comment": N_("restored a comment"),
    "resume campaign": N_("resumed a campaign"),
    "resume sending": N_("let mail leave again after a restore"),
    "retry failed": N_("had failed mail tried again"),
    "shorten measure": N_("shortened a measure"),
    "silence target": N_("silenced a target"),
    "step into room": N_("stepped into a room"),
    "suppress address": N_("left an address out"),
    "suspend account": N_("blocked an account"),
    "sync connection": N_("synced a connection"),
    "take held as sent": N_("took held mail as sent"),
    "take incident": N_("took an incident"),
    "test connection": N_("tested a connection"),
    "unmute account": N_("let an account write again"),
    "unlink account": N_("unlinked an account from a person"),
    "unsubscribe by link": N_("unsubscribed by the link in a mail"),
}
OUTCOMES = {
    "done": N_("done"),
    "asked": N_("asked for"),
    "verified": N_("done and checked"),
    "unconfirmed": N_("not confirmed"),
    "held": N_("waits for a second person"),
    "allowed": N_("allowed by a second person"),
    "refused": N_("refused"),
    "uphold": N_("it stays"),
    "lift": N_("lifted"),
    "shorten": N_("shortened"),
    "conditional": N_("lifted on a condition"),
}


def action(code: str) -> str:
    """What was done; a code that is not known here as it stands."""
    return _(ACTIONS.get(code, code))


def outcome(code: str) -> str:
    return _(OUTCOMES.get(code, code))


def who(name: str) -> str:
    """Whoever acted; what Pult does by itself stands under its own name."""
    return "Pult" if name == "system" else name
