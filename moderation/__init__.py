"""Keep discussions civil: watched words, one queue, verified and undoable actions."""
