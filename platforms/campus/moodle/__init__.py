"""The school's Moodle: its web services, with their real shapes, errors and traps."""
