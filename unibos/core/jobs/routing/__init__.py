"""Where jobs run: rules of the configuration, what a board may run, and why a job runs or waits."""
