"""The life of a session: ask, refine, run, save, share."""
