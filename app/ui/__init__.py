"""What the browser sees: the page, its actions, the live stream and the read-only share page."""
