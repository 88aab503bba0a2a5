"""Bring an e-mail address to the one form by which people are told apart."""

from email_validator import EmailNotValidError, validate_email


def normal(address: str) -> str:
    """The address in lower case, its domain in its own script; '' if it cannot be one.

    Only the form is looked at: nothing is asked of the network. `.test` stands
    for the simulated school.
    """
    try:
        valid = validate_email(address.strip(), check_deliverability=False, test_environment=True)
    except EmailNotValidError:
        return ""
    return valid.normalized.lower()
