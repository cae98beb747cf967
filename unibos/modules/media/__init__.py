"""Media: photos and videos, taken in, looked at, found again."""
