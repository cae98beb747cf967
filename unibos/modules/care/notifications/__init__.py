"""Notifications: news for people, kept as records and sent where the settings say."""
