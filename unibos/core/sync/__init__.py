"""Replicas of one org come to agree: what goes to whom, what is merged, what is kept back."""
