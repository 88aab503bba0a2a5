"""Keys of buttons on a page: behind an open dialog they would fire all the same."""

from console.widgets import confirm, screen


def shown(wanted: str | None) -> str | None:
    """The button's key, where it is to have one now."""
    return None if confirm.is_open() else screen.key(wanted)
