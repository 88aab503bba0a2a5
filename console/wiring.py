"""Compose the house: read the settings, open the databases, hand the rooms to each other."""

PACKAGES = ("store", "probes", "moderation", "mailing", "console")  # in the order of migration
