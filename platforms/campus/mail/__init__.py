"""The school's mail relay, and the mailbox where everything it took can be looked at."""
