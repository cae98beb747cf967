"""Where notifications go: an ntfy topic, a webhook, mailboxes."""
