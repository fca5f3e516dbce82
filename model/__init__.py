"""Language models: the catalogue, where weights come from, placement, engines, prompts and replies.

The package knows nothing of sessions, of how cells are stored, or of the page. It owns its vocabulary and its errors
(`model.errors`).
"""
