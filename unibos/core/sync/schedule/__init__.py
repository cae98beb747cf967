"""When an exchange is made, with which of several peers, and what is told of it."""
