"""The school's three BigBlueButton servers."""
