"""Probes: know before the students do; usable as a library by `probes.check`."""

from probes.checking import check, cli_json, target_of

__all__ = ["check", "cli_json", "target_of"]
