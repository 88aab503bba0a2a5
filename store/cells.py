"""A cell of a table to take away, so that no spreadsheet takes a stranger's words for a formula."""

FORMULAS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")  # how a formula begins


def neutral(cell: str) -> str:
    """The cell as text, whatever it begins with: by an apostrophe, which spreadsheets hide."""
    return f"'{cell}" if cell.startswith(FORMULAS) else cell
