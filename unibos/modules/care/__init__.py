"""The box looks after itself: checks, tidying, notifications, and a job that only answers."""
