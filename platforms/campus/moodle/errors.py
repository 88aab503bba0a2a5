"""Moodle's exceptions as its web services print them (HTTP 200, matched by errorcode)."""

MESSAGES = {
    "invalidtoken": "Invalid token - token not found",
    "accessexception": "Access control exception",
    "wsaccessusersuspended": "Refused web service access for suspended username: {detail}",
    "invalidrecord": "Can't find data record in database table {detail}.",
    "invalidparameter": "Invalid parameter value detected",
    "nopermissions": "Sorry, but you do not currently have permissions to do that ({detail}).",
    "requireloginerror": "Course or activity not accessible. (Not enrolled)",
    "errorcoursecontextnotvalid": "You cannot execute functions in the course context.",
    "dbconnectionfailed": "Error: Database connection failed",
    "missingparam": "A required parameter ({detail}) was missing",
    "invalidpostid": "Invalid post ID - {detail}",
    "invalidparentpostid": "The parent post ID was incorrect",
    "cannotdeletepost": "You can't delete this post!",
    "cannotupdatepost": "You can't update this post",
    "nopostforum": "Sorry, you are not allowed to post to this forum",
    "formatnotsupported": "The format is not supported",
    "invaliduserid": "Invalid user ID: {detail}",
    "usernotupdatedadmin": "Cannot update user with id {detail}: is an admin",
    "usernotupdatedguest": "Cannot update user with id {detail}: is the guest user",
    "invalidlogin": "Invalid login, please try again",
}
CLASSES = {
    "accessexception": "webservice_access_exception",
    "wsaccessusersuspended": "core\\exception\\moodle_exception",
    "invalidrecord": "dml_missing_record_exception",
    "invalidparameter": "core\\exception\\invalid_parameter_exception",
    "nopermissions": "core\\exception\\required_capability_exception",
    "requireloginerror": "core\\exception\\require_login_exception",
    "dbconnectionfailed": "dml_connection_exception",
}


class MoodleError(Exception):
    """One of Moodle's exceptions; `code` is its errorcode, '' for a PHP Error."""

    def __init__(self, code: str, detail: str = "", *, message: str = "", name: str = "") -> None:
        template = message or MESSAGES.get(code, code)
        super().__init__(template.replace("{detail}", detail))
        self.code = code
        self.name = name or CLASSES.get(code, "core\\exception\\moodle_exception")

    def record(self) -> dict[str, str]:
        if not self.code:
            return {"exception": self.name, "message": str(self)}
        return {"exception": self.name, "errorcode": self.code, "message": str(self)}


def php_error(message: str) -> MoodleError:
    """What Moodle prints when its own code fails: no errorcode."""
    return MoodleError("", message=message, name="Error")
