"""Albums: photos and videos in an order that somebody chose."""
