"""The tables, one file for each step in which they came to be; released ones never change."""
