"""The few pages that people see in a browser: no script, nothing from elsewhere."""
