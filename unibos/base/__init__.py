"""What everything stands on: configuration, errors, ids, clock, log, board."""
