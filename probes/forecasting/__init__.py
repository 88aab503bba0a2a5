"""How many will be in a lesson's room: from the school's own past and what is counted now."""
